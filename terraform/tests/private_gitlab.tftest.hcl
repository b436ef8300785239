# A GitLab that is reachable only inside a VPC, with an authority of its own.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/", webhook_signing_token_ssm_path = "/gitlab/signing" }
  lambda = { allow_function_url = true, package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "puts_the_certificate_where_the_scaler_reads_it" {
  command = apply

  variables {
    gitlab = merge(var.gitlab, { ca_certificate = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n" })
    lambda = merge(var.lambda, { security_group_ids = ["sg-1"], subnet_ids = ["subnet-1"] })
  }

  assert {
    condition     = aws_ssm_parameter.gitlab_ca[0].name == "/gitlab-runner/gitlab-ca" && aws_ssm_parameter.gitlab_ca[0].tier == "Standard"
    error_message = "A short certificate is a standard parameter."
  }

  assert {
    condition     = contains(one([for s in jsondecode(module.scaler.policy).Statement : s.Resource if s.Sid == "ReadParameters"]), "arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab-runner/gitlab-ca")
    error_message = "The scaler may read it."
  }

  assert {
    condition = (
      contains([for s in jsondecode(module.scaler.policy).Statement : s.Sid], "AttachToVpc") &&
      !contains([for s in jsondecode(module.webhook.policy).Statement : s.Sid], "AttachToVpc") &&
      !contains([for s in jsondecode(module.termination.policy).Statement : s.Sid], "AttachToVpc")
    )
    error_message = "Only the scaler talks to GitLab, only the scaler is in the VPC."
  }
}

run "keeps_a_long_chain_in_an_advanced_parameter" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { ca_certificate = "-----BEGIN CERTIFICATE-----\n${join("\n", [for i in range(100) : "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlq"])}\n-----END CERTIFICATE-----\n" })
  }

  assert {
    condition     = aws_ssm_parameter.gitlab_ca[0].tier == "Advanced"
    error_message = "Above 4096 characters only an advanced parameter holds it."
  }
}

run "has_no_parameter_without_a_certificate" {
  command = plan

  assert {
    condition     = length(aws_ssm_parameter.gitlab_ca) == 0
    error_message = "GitLab.com needs none."
  }
}
