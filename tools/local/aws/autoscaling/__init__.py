"""Amazon EC2 Auto Scaling as a state machine in pure Python: no HTTP, no MiniStack, and time comes from a clock."""
