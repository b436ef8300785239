# What the variables credentials and cache refuse.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { credentials = "tests/mocks/package.zip", scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "refuses_an_audience_with_a_space" {
  command = plan

  variables {
    credentials = { audience = "my fleet" }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_empty_audience" {
  command = plan

  variables {
    credentials = { audience = "" }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_epoch_of_zero" {
  command = plan

  variables {
    credentials = { epoch = 0 }
  }

  expect_failures = [var.credentials]
}

run "refuses_half_an_epoch" {
  command = plan

  variables {
    credentials = { epoch = 1.5 }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_list_of_grants" {
  command = plan

  variables {
    credentials = { grants = ["deploy"] }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_grant_that_is_no_object" {
  command = plan

  variables {
    credentials = { grants = { a = "deploy" } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_grant_that_is_null" {
  command = plan

  variables {
    credentials = { grants = { a = null } }
  }

  expect_failures = [var.credentials]
}

run "refuses_more_grants_than_a_role_has_room_for" {
  command = plan

  variables {
    credentials = { grants = { for n in range(301) : "deploy-${n}" => { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_upper_case_name" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { Deploy = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_name_that_starts_with_a_hyphen" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { "-a" = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_name_with_a_slash" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { "a/b" = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_name_of_65_letters" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_grant_for_anybody" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "anybody", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_grant_for_both" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = ["gitlab_job", "runner"], match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_grant_for_nobody" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_misspelt_attribute" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", reqire_running_job = true } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_kind_for_jobs" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", kind = "s3_cache" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_match_for_runners" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "runner", kind = "s3_cache", role_arn = "arn:aws:iam::123456789012:role/deploy", match = { project_id = "20" } } } }
    cache       = { bucket = "cache" }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_session_policy_for_runners" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "runner", kind = "s3_cache", role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = { Statement = [] } } } }
    cache       = { bucket = "cache" }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_runner_grant_of_any_kind" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "runner", kind = "any", role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
    cache       = { bucket = "cache" }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_runner_grant_without_a_kind" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "runner", role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
    cache       = { bucket = "cache" }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_runner_grant_without_a_bucket" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "runner", kind = "s3_cache", role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_no_role" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_role_without_its_arn" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_every_role" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "*" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_wildcard_in_a_role" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/*" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_wildcard_in_an_account" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::*:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_question_mark_in_a_role" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/de?loy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_user" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:user/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_account_of_11_digits" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::12345678901:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_role_with_a_line_break" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy\n" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_policy_variable_in_a_role" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/$${aws:username}" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_role_name_of_65_letters" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_grant_without_a_role" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" } } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_grant_for_every_project" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { ref = "main" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_path_instead_of_a_number" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_path = "a/b" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_empty_match" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = {}, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_no_match" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_match_that_is_no_object" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = "20", role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_claim_that_cannot_be" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20", Ref = "main" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_wildcard_project" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "*" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_project_with_a_leading_zero" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "020" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_project_of_20_digits" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "12345678901234567890" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_truth_for_a_project" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = true }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_half_a_project" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = 1.5 }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_no_project_at_all" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = [] }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_null_among_projects" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = ["20", null] }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_pattern_for_a_ref" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = 20, ref = "release/*" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_question_mark_in_a_ref" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = 20, ref = "v?" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_number_for_a_ref" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = 20, ref = 7 }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_empty_ref" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = 20, ref = "" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_flag_of_another_word" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = 20, ref_protected = "yes" }, role_arn = "arn:aws:iam::123456789012:role/deploy" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_cache_without_the_vendor_that_it_needs" {
  command = plan

  variables {
    cache       = { enabled = true }
    credentials = { enabled = false }
  }

  expect_failures = [var.credentials]
}
