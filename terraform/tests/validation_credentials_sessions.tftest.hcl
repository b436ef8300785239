# What the variables credentials and cache refuse: sessions and the cache.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { credentials = "tests/mocks/package.zip", scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "refuses_an_unknown_share" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", share = "namespace" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_share_that_is_no_text" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", share = ["ref"] } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_unknown_mode" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", mode = "federation" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_session_below_30_minutes" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", duration_seconds = 1799 } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_chained_session_beyond_an_hour" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", duration_seconds = 3601 } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_duration_as_text" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", duration_seconds = "3600" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_half_a_second" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", duration_seconds = 1800.5 } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_web_identity_session_beyond_12_hours" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", duration_seconds = 43201, mode = "web_identity" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_cache_flag_that_is_a_number" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", cache = 1 } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_flag_as_text" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", require_running_job = "true" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_session_tags_that_are_no_list" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_tags = "ref" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_session_tag_twice" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_tags = ["ref", "ref"] } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_session_tag_that_is_no_claim" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_tags = ["Ref"] } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_51_session_tags" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_tags = [for n in range(51) : "claim_${n}"], share = "job" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_session_tags_with_web_identity" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", mode = "web_identity", session_tags = ["ref"] } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_external_id_with_web_identity" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", external_id = "fleet-1", mode = "web_identity" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_external_id_with_a_space" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", external_id = "a b" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_session_policy_as_text" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = "{}" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_empty_session_policy" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = {} } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_session_policy_of_2049_characters" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = { Statement = format("%2048s", "x") } } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_claim_as_an_action" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = { Statement = [{ Action = "{{ref}}", Effect = "Allow", Resource = "*" }] } } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_claim_as_the_effect" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = { Statement = [{ Action = "s3:GetObject", Effect = "{{ref}}", Resource = "*" }] } } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_claim_that_becomes_a_policy_variable" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = { Statement = [{ Action = "s3:GetObject", Effect = "Allow", Resource = "${"$"}{{ref}}" }] } } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_half_a_placeholder" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = { Statement = [{ Action = "s3:GetObject", Effect = "Allow", Resource = "{{ref" }] } } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_tag_that_differs_between_the_jobs_that_share_a_session" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_tags = ["job_id"] } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_ref_in_a_session_of_the_project" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_tags = ["ref"], share = "project" } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_a_commit_in_the_policy_of_a_shared_session" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = { Statement = [{ Action = "s3:GetObject", Effect = "Allow", Resource = "arn:aws:s3:::b/{{sha}}" }] } } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_environment_of_which_match_allows_two" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { a = { callers = "gitlab_job", match = { environment = ["production", "staging"], project_id = 20 }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_tags = ["environment"] } } }
  }

  expect_failures = [var.credentials]
}

run "refuses_an_impossible_bucket" {
  command = plan

  variables {
    cache = { bucket = "Cache" }
  }

  expect_failures = [var.cache]
}

run "refuses_a_key_alias" {
  command = plan

  variables {
    cache = { bucket = "cache", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:alias/cache" }
  }

  expect_failures = [var.cache]
}

run "refuses_a_prefix_with_a_wildcard" {
  command = plan

  variables {
    cache = { bucket = "cache", prefix = "ci/*" }
  }

  expect_failures = [var.cache]
}

run "refuses_a_prefix_that_ends_with_a_slash" {
  command = plan

  variables {
    cache = { bucket = "cache", prefix = "ci/" }
  }

  expect_failures = [var.cache]
}

run "takes_everything_that_can_be_said" {
  command = plan

  variables {
    credentials = {
      audience = "https://vendor.example.com"
      enabled  = true
      epoch    = 7
      grants = {
        "0_a-z"   = { callers = "runner", cache = false, duration_seconds = 1800, external_id = "fleet-1", kind = "s3_cache", role_arn = "arn:aws-cn:iam::123456789012:role/path/to/cache" }
        careful   = { callers = "gitlab_job", match = { namespace_id = [72, "73"], ref_protected = [true, "false"], environment = "production" }, role_arn = "arn:aws:iam::123456789012:role/deploy", require_running_job = true, session_tags = ["environment", "ref"], share = "ref" }
        federated = { callers = "gitlab_job", duration_seconds = 43200, match = { project_id = 20 }, mode = "web_identity", role_arn = "arn:aws:iam::123456789012:role/deploy" }
        nulls     = { cache = null, callers = "gitlab_job", duration_seconds = null, external_id = null, kind = null, match = { project_id = "20" }, mode = null, require_running_job = null, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = null, session_tags = null, share = null }
        narrow    = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::123456789012:role/deploy", session_policy = { Statement = { Action = "s3:*", Condition = { StringEquals = { "aws:ResourceTag/job" = "{{job_id}}" } }, Effect = "Allow", Resource = ["arn:aws:s3:::b/{{project_id}}/$${aws:userid}/*"] }, Version = "2012-10-17" }, share = "job" }
      }
    }
    cache = { bucket = "cache" }
  }
}
