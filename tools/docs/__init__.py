"""Write the module's inputs and outputs into its README, from the Terraform files themselves."""
