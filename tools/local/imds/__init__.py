"""An emulator of the EC2 instance metadata service, version 2."""
