# What variable lambda refuses.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "refuses_a_public_url_without_a_secret" {
  command = plan

  variables {
    lambda = merge(var.lambda, { allow_function_url = true })
  }

  expect_failures = [var.lambda]
}

run "refuses_an_unknown_function_architecture" {
  command = plan

  variables {
    lambda = merge(var.lambda, { architecture = "riscv" })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_cors_age_above_a_day" {
  command = plan

  variables {
    lambda = merge(var.lambda, { cors = { max_age = 86401 } })
  }

  expect_failures = [var.lambda]
}

run "refuses_settings_of_an_unknown_function" {
  command = plan

  variables {
    lambda = merge(var.lambda, { functions = { scalar = { timeout = 20 } } })
  }

  expect_failures = [var.lambda]
}

run "refuses_too_little_memory" {
  command = plan

  variables {
    lambda = merge(var.lambda, { memory_size = 64 })
  }

  expect_failures = [var.lambda]
}

run "refuses_too_little_memory_of_one_function" {
  command = plan

  variables {
    lambda = merge(var.lambda, { functions = { webhook = { memory_size = 64 } } })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_timeout_above_lambdas" {
  command = plan

  variables {
    lambda = merge(var.lambda, { functions = { scaler = { timeout = 901 } } })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_webhook_slower_than_gitlab_waits" {
  command = plan

  variables {
    lambda = merge(var.lambda, { functions = { webhook = { timeout = 11 } } })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_termination_policy_slower_than_auto_scaling_waits" {
  command = plan

  variables {
    lambda = merge(var.lambda, { functions = { termination = { timeout = 3 } } })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_schedule_that_ends_before_an_instance_is_due" {
  command = plan

  variables {
    lambda = merge(var.lambda, { functions = { schedule = { timeout = 74 } } })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_package_that_does_not_exist" {
  command = plan

  variables {
    lambda = merge(var.lambda, { package_path = { scaler = "missing.zip", webhook = "missing.zip" } })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_rate_of_zero" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "rate(0 minutes)" })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_rate_of_one_in_the_plural" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "rate(1 minutes)" })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_rate_of_several_in_the_singular" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "rate(5 minute)" })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_rate_without_its_form" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "5 minutes" })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_cron_of_five_fields" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "cron(0 21 * * ?)" })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_cron_with_an_hour_too_many" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "cron(0 24 * * ? *)" })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_cron_without_a_question_mark" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "cron(0 21 * * * *)" })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_cron_with_two_question_marks" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "cron(0 21 ? * ? *)" })
  }

  expect_failures = [var.lambda]
}

run "refuses_an_unknown_runtime" {
  command = plan

  variables {
    lambda = merge(var.lambda, { runtime = "python3.15" })
  }

  expect_failures = [var.lambda]
}

run "refuses_another_language" {
  command = plan

  variables {
    lambda = merge(var.lambda, { runtime = "nodejs22.x" })
  }

  expect_failures = [var.lambda]
}

run "refuses_subnets_without_security_groups" {
  command = plan

  variables {
    lambda = merge(var.lambda, { subnet_ids = ["subnet-1"] })
  }

  expect_failures = [var.lambda]
}

run "refuses_a_credentials_timeout_that_ends_before_its_answer" {
  command = plan

  variables {
    lambda = merge(var.lambda, { functions = { credentials = { timeout = 11 } } })
  }

  expect_failures = [var.lambda]
}

run "refuses_ready_made_zips_without_that_of_the_enabled_vendor" {
  command = plan

  variables {
    credentials = { enabled = true }
  }

  expect_failures = [var.lambda]
}
