# What the variables name, provisioner, scaling and observability refuse.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "refuses_an_upper_case_name" {
  command = plan

  variables {
    name = "Fleet"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_that_ends_with_a_hyphen" {
  command = plan

  variables {
    name = "fleet-"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_that_starts_with_a_digit" {
  command = plan

  variables {
    name = "1fleet"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_of_33_letters" {
  command = plan

  variables {
    name = "abcdefghijklmnopqrstuvwxyzabcdefg"
  }

  expect_failures = [var.name]
}

run "refuses_an_unknown_provisioner" {
  command = plan

  variables {
    provisioner = "remote"
  }

  expect_failures = [var.provisioner]
}

run "refuses_an_unknown_actuator" {
  command = plan

  variables {
    scaling = { actuator = "cron" }
  }

  expect_failures = [var.scaling]
}

run "refuses_a_negative_buffer" {
  command = plan

  variables {
    scaling = { idle_buffer = -1 }
  }

  expect_failures = [var.scaling]
}

run "refuses_a_buffer_above_max_size" {
  command = plan

  variables {
    scaling = { idle_buffer = 4 }
  }

  expect_failures = [var.scaling]
}

run "refuses_a_buffer_that_is_no_number" {
  command = plan

  variables {
    scaling = { idle_buffer = "some" }
  }

  expect_failures = [var.scaling]
}

run "refuses_to_look_elsewhere" {
  command = plan

  variables {
    scaling = { look_ahead = "stage" }
  }

  expect_failures = [var.scaling]
}

run "refuses_a_fractional_step" {
  command = plan

  variables {
    scaling = { max_scale_out_step = 0.5 }
  }

  expect_failures = [var.scaling]
}

run "refuses_a_topic_that_is_no_arn" {
  command = plan

  variables {
    observability = { alarm_topic_arn = "alerts" }
  }

  expect_failures = [var.observability]
}

run "refuses_a_wait_that_every_job_would_exceed" {
  command = plan

  variables {
    observability = { job_wait_seconds = 30 }
  }

  expect_failures = [var.observability]
}

run "refuses_a_key_alias" {
  command = plan

  variables {
    observability = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:alias/logs" }
  }

  expect_failures = [var.observability]
}

run "refuses_a_retention_that_cloudwatch_does_not_know" {
  command = plan

  variables {
    observability = { log_retention_days = 42 }
  }

  expect_failures = [var.observability]
}

run "refuses_runbooks_at_an_address_that_takes_no_file_name" {
  command = plan

  variables {
    observability = { runbook_url = "https://wiki.example.com/page?id=7" }
  }

  expect_failures = [var.observability]
}
