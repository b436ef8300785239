"""`make security` and `make audit`: scanners over the Terraform code, the tracked files and the lock files."""
