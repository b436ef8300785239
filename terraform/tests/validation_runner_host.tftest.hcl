# What variable runner_host refuses.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "refuses_a_checksum_that_is_none" {
  command = plan

  variables {
    runner_host = { aws_cli = { sha256 = "ABC" } }
  }

  expect_failures = [var.runner_host]
}

run "refuses_an_address_without_tls" {
  command = plan

  variables {
    runner_host = { cloudwatch_agent = { url = "http://mirror.example.com/agent.deb" } }
  }

  expect_failures = [var.runner_host]
}

run "refuses_a_version_with_a_v" {
  command = plan

  variables {
    runner_host = { gitlab_runner = { version = "v18.11.0" } }
  }

  expect_failures = [var.runner_host]
}

run "refuses_an_address_without_a_version" {
  command = plan

  variables {
    runner_host = { gitlab_runner = { url = "https://mirror.example.com/gitlab-runner" } }
  }

  expect_failures = [var.runner_host]
}

run "refuses_a_table_in_a_section" {
  command = plan

  variables {
    runner_host = { docker = { services = { image = "docker:dind" } } }
  }

  expect_failures = [var.runner_host]
}

run "refuses_a_setting_of_the_modules_own" {
  command = plan

  variables {
    runner_host = { runners = { token = "glrt-1" } }
  }

  expect_failures = [var.runner_host]
}

run "refuses_the_hosts_network" {
  command = plan

  variables {
    runner_host = { docker = { network_mode = "host" } }
  }

  expect_failures = [var.runner_host]
}

run "refuses_an_engine_of_ones_own" {
  command = plan

  variables {
    runner_host = { docker = { host = "tcp://127.0.0.1:2375" } }
  }

  expect_failures = [var.runner_host]
}

run "refuses_a_hook_that_is_no_script" {
  command = plan

  variables {
    runner_host = { pre_install = "apt-get install jq" }
  }

  expect_failures = [var.runner_host]
}

run "refuses_a_negative_shutdown_timeout" {
  command = plan

  variables {
    runner_host = { shutdown_timeout = -1 }
  }

  expect_failures = [var.runner_host]
}

run "refuses_user_data_that_cloud_init_does_not_know" {
  command = plan

  variables {
    runner_host = { user_data = "echo hello" }
  }

  expect_failures = [var.runner_host]
}
