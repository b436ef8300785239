# What variable asg refuses.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "refuses_an_unknown_architecture" {
  command = plan

  variables {
    asg = merge(var.asg, { architecture = "riscv" })
  }

  expect_failures = [var.asg]
}

run "refuses_no_instance_type" {
  command = plan

  variables {
    asg = merge(var.asg, { instance_type = "" })
  }

  expect_failures = [var.asg]
}

run "refuses_a_malformed_instance_type" {
  command = plan

  variables {
    asg = merge(var.asg, { instance_types = ["t3.medium", "medium"] })
  }

  expect_failures = [var.asg]
}

run "refuses_a_graviton_type_on_x86" {
  command = plan

  variables {
    asg = merge(var.asg, { instance_type = "m7gd.large" })
  }

  expect_failures = [var.asg]
}

run "refuses_an_x86_type_on_graviton" {
  command = plan

  variables {
    asg = merge(var.asg, { architecture = "arm64", instance_types = ["t4g.medium", "g5.xlarge"] })
  }

  expect_failures = [var.asg]
}

run "refuses_a_negative_min_size" {
  command = plan

  variables {
    asg = merge(var.asg, { min_size = -1 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_fractional_max_size" {
  command = plan

  variables {
    asg = merge(var.asg, { max_size = 1.5 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_min_size_above_max_size" {
  command = plan

  variables {
    asg = merge(var.asg, { min_size = 4 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_desired_capacity_below_min_size" {
  command = plan

  variables {
    asg = merge(var.asg, { desired_capacity = 1, min_size = 2 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_desired_capacity_above_max_size" {
  command = plan

  variables {
    asg = merge(var.asg, { desired_capacity = 4 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_fractional_desired_capacity" {
  command = plan

  variables {
    asg = merge(var.asg, { desired_capacity = 1.5 })
  }

  expect_failures = [var.asg]
}

run "refuses_an_unknown_executor" {
  command = plan

  variables {
    asg = merge(var.asg, { executor = "kubernetes" })
  }

  expect_failures = [var.asg]
}

run "refuses_a_deletion_time_below_the_hooks" {
  command = plan

  variables {
    asg = merge(var.asg, { force_instance_deletion_time = 29 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_deletion_time_above_the_hooks" {
  command = plan

  variables {
    asg = merge(var.asg, { force_instance_deletion_time = 172801 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_permissions_boundary_that_is_no_arn" {
  command = plan

  variables {
    asg = merge(var.asg, { iam_permissions_boundary = "boundary" })
  }

  expect_failures = [var.asg]
}

run "refuses_a_malformed_image_id" {
  command = plan

  variables {
    asg = merge(var.asg, { image_id = "al2023" })
  }

  expect_failures = [var.asg]
}

run "refuses_a_job_policy_that_is_no_json" {
  command = plan

  variables {
    asg = merge(var.asg, { job_policy = "allow all" })
  }

  expect_failures = [var.asg]
}

run "refuses_a_job_policy_without_statement" {
  command = plan

  variables {
    asg = merge(var.asg, { job_policy = { Version = "2012-10-17" } })
  }

  expect_failures = [var.asg]
}

run "refuses_an_unknown_runner_log_level" {
  command = plan

  variables {
    asg = merge(var.asg, { log_level = "chatty" })
  }

  expect_failures = [var.asg]
}

run "refuses_a_managed_policy_that_is_no_arn" {
  command = plan

  variables {
    asg = merge(var.asg, { managed_policy_arns = ["ReadOnlyAccess"] })
  }

  expect_failures = [var.asg]
}

run "refuses_a_negative_on_demand_base" {
  command = plan

  variables {
    asg = merge(var.asg, { on_demand_base = -1 })
  }

  expect_failures = [var.asg]
}

run "refuses_an_on_demand_percentage_above_100" {
  command = plan

  variables {
    asg = merge(var.asg, { on_demand_percentage = 101 })
  }

  expect_failures = [var.asg]
}

run "refuses_capacity_rebalance_without_spot" {
  command = plan

  variables {
    asg = merge(var.asg, { capacity_rebalance = true })
  }

  expect_failures = [var.asg]
}

run "refuses_an_unknown_key_of_root_block_device" {
  command = plan

  variables {
    asg = merge(var.asg, { root_block_device = { size = 20 } })
  }

  expect_failures = [var.asg]
}

run "refuses_an_image_parameter_without_its_root_device" {
  command = plan

  variables {
    asg = merge(var.asg, { image_id = "resolve:ssm:/images/runner" })
  }

  expect_failures = [var.asg]
}

run "refuses_a_negative_warmup" {
  command = plan

  variables {
    asg = merge(var.asg, { scaling_warmup = -1 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_spot_price_of_zero" {
  command = plan

  variables {
    asg = merge(var.asg, { spot_price = "0.00" })
  }

  expect_failures = [var.asg]
}

run "refuses_a_spot_price_that_is_no_number" {
  command = plan

  variables {
    asg = merge(var.asg, { spot_price = "cheap" })
  }

  expect_failures = [var.asg]
}

run "refuses_a_malformed_ssh_range" {
  command = plan

  variables {
    asg = merge(var.asg, { ssh_access = { source_cidr = "10.0.0.0" } })
  }

  expect_failures = [var.asg]
}

run "refuses_no_subnet" {
  command = plan

  variables {
    asg = merge(var.asg, { subnet_ids = [] })
  }

  expect_failures = [var.asg]
}

run "refuses_an_unknown_warm_pool_state" {
  command = plan

  variables {
    asg = merge(var.asg, { warm_pool = { pool_state = "Warm" } })
  }

  expect_failures = [var.asg]
}

run "refuses_a_warm_pool_of_spot_instances" {
  command = plan

  variables {
    asg = merge(var.asg, { spot_price = "0.01", warm_pool = {} })
  }

  expect_failures = [var.asg]
}

run "refuses_a_warm_pool_of_several_types" {
  command = plan

  variables {
    asg = merge(var.asg, { instance_types = ["t3.medium", "t3a.medium"], warm_pool = {} })
  }

  expect_failures = [var.asg]
}

run "refuses_a_part_of_a_job" {
  command = plan

  variables {
    asg = merge(var.asg, { max_jobs_per_instance = 1.5 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_number_of_jobs_with_several_at_a_time" {
  command = plan

  variables {
    asg    = merge(var.asg, { max_jobs_per_instance = 1 })
    gitlab = merge(var.gitlab, { runner_agents_per_instance = 2 })
  }

  expect_failures = [var.asg]
}

run "refuses_a_number_of_jobs_in_a_shell" {
  command = plan

  variables {
    asg = merge(var.asg, { executor = "shell", max_jobs_per_instance = 1 })
  }

  expect_failures = [var.asg]
}

run "refuses_to_use_an_instance_again_after_its_jobs" {
  command = plan

  variables {
    asg = merge(var.asg, { max_jobs_per_instance = 1, warm_pool = { reuse_on_scale_in = true } })
  }

  expect_failures = [var.asg]
}
