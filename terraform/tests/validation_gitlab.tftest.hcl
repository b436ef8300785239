# What variable gitlab refuses.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "refuses_no_activity_hours" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { activity_since_hours = 0 })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_malformed_parameter_name" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { webhook_secret_ssm_path = "/gitlab/secret/" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_an_empty_token_parameter" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { api_token_ssm_path = "" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_certificate_that_is_no_pem" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { ca_certificate = "/etc/ssl/ca.pem" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_private_key_among_the_certificates" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { ca_certificate = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_certificates_that_fit_no_parameter" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { ca_certificate = "-----BEGIN CERTIFICATE-----\n${join("", [for i in range(900) : "QUJDREVGRw"])}\n-----END CERTIFICATE-----\n" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_connection_age_of_zero" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { connection_max_age = 0 })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_connection_age_above_a_day" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { connection_max_age = 1441 })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_group_with_a_leading_slash" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { groups = ["/platform"] })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_project_without_its_group" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { projects = ["images"] })
  }

  expect_failures = [var.gitlab]
}

run "refuses_an_unknown_log_level" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { log_level = "chatty" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_membership_that_is_neither_true_nor_false" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { narrow_to_membership = "yes" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_too_few_requests_a_minute" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { requests_per_minute = 9 })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_runner_that_takes_no_job" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { run_untagged = false, runner_job_tags = " , " })
  }

  expect_failures = [var.gitlab]
}

run "refuses_no_job_per_instance" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { runner_agents_per_instance = 0 })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_runner_id_that_is_no_number" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { runner_id = "glrt-abc" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_negative_idle_time" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { runner_idletime = "-1" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_an_idle_time_with_a_unit" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { runner_idletime = "30m" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_fleet_without_a_runner_token" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { runner_token_ssm_path = "" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_plain_http_to_another_host" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { uri = "http://gitlab.example.com" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_http_to_a_host_that_only_starts_like_loopback" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { uri = "http://127.0.0.1.example.com" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_credentials_in_the_address" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { uri = "https://user:secret@gitlab.com" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_query_in_the_address" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { uri = "https://gitlab.com/?private_token=x" })
  }

  expect_failures = [var.gitlab]
}

run "refuses_a_malformed_webhook_range" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { webhook_cidrs = ["34.74.90.64/28", "34.74.226.0"] })
  }

  expect_failures = [var.gitlab]
}
