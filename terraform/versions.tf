terraform {
  # 1.9: validations that look at other variables (a function URL without a secret must not plan).
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}
