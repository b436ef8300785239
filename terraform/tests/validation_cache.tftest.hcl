# What variable cache refuses.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "refuses_an_unknown_way_to_credentials" {
  command = plan

  variables {
    cache = { auth = "anonymous" }
  }

  expect_failures = [var.cache]
}

run "refuses_a_user_without_keys" {
  command = plan

  variables {
    cache = { auth = "user", bucket = "given", enabled = true }
  }

  expect_failures = [var.cache]
}

run "refuses_a_parameter_with_a_space" {
  command = plan

  variables {
    cache = { access_key_ssm_path = "/ci/access key" }
  }

  expect_failures = [var.cache]
}

run "refuses_half_a_day" {
  command = plan

  variables {
    cache = { expiration_days = 0.5 }
  }

  expect_failures = [var.cache]
}
