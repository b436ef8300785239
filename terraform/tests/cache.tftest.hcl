# The cache's bucket, and who may use it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg         = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  cache       = { enabled = true }
  credentials = { enabled = true }
  gitlab      = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda      = { package_path = { credentials = "tests/mocks/package.zip", scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
  name        = "ci"
}

run "makes_nothing_unless_asked" {
  command = plan

  variables {
    cache       = {}
    credentials = {}
  }

  assert {
    condition     = length(aws_s3_bucket.cache) == 0 && length(aws_iam_role.cache) == 0 && output.cache_bucket == "" && local.host_environment.CACHE_AUTH == "none"
    error_message = "Without cache.enabled there is no bucket, no role and nothing on the hosts."
  }
}

run "makes_a_private_bucket_that_empties_itself" {
  command = plan

  assert {
    condition     = output.cache_bucket == "ci-cache-123456789012-eu-west-1" && !aws_s3_bucket.cache[0].force_destroy
    error_message = "The bucket is named after fleet, account and region, and is not deleted with what is in it."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.cache[0].block_public_acls, aws_s3_bucket_public_access_block.cache[0].block_public_policy,
      aws_s3_bucket_public_access_block.cache[0].ignore_public_acls, aws_s3_bucket_public_access_block.cache[0].restrict_public_buckets,
    ])
    error_message = "Nothing in it can become public."
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.cache[0].rule[0].expiration[0].days == 30 &&
      aws_s3_bucket_lifecycle_configuration.cache[0].rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 1 &&
      aws_s3_bucket_versioning.cache[0].versioning_configuration[0].status == "Disabled"
    )
    error_message = "Objects go after a month, uploads that were not finished after a day, and no old versions stay."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.cache[0].rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "It is encrypted."
  }
}

run "vends_credentials_for_the_prefix_and_gives_instances_no_right_to_it" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role_policy.cache[0].policy).Statement[0].Resource == ["arn:aws:s3:::ci-cache-123456789012-eu-west-1/ci/*"]
    error_message = "The vended role may use the fleet's prefix."
  }

  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.runner.policy).Statement : s.Sid => s.Resource if contains(["AskForCacheCredentials", "UseCache"], s.Sid) } == {
      AskForCacheCredentials = ["arn:aws:lambda:eu-west-1:123456789012:function:ci-credentials:hosts"]
    }
    error_message = "An instance may ask at the door for hosts, and do nothing in S3."
  }

  assert {
    condition = jsondecode(local.grants_document).grants == {
      cache = { callers = "runner", kind = "s3_cache", role_arn = "arn:aws:iam::123456789012:role/ci-eu-west-1-cache" }
    }
    error_message = "The vendor knows the grant without anybody writing it."
  }
}

run "prefers_a_grant_of_ones_own" {
  command = plan

  variables {
    credentials = { enabled = true, grants = { cache = { callers = "runner", kind = "s3_cache", role_arn = "arn:aws:iam::123456789012:role/mine" } } }
  }

  assert {
    condition     = length(aws_iam_role.cache) == 0 && jsondecode(local.grants_document).grants.cache.role_arn == "arn:aws:iam::123456789012:role/mine"
    error_message = "A grant that is called cache takes the place of the module's."
  }
}

run "lets_instances_use_the_cache_themselves" {
  command = plan

  variables {
    cache       = { auth = "instance_role", bucket = "given", enabled = true, kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1" }
    credentials = {}
  }

  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.runner.policy).Statement : s.Sid => s.Resource if contains(["AskForCacheCredentials", "UseCache", "UseCacheKey"], s.Sid) } == {
      UseCache    = ["arn:aws:s3:::given/ci/*"]
      UseCacheKey = ["arn:aws:kms:eu-west-1:123456789012:key/1"]
    }
    error_message = "With instance_role the rights are the instance's."
  }

  assert {
    condition     = length(aws_s3_bucket.cache) == 0 && local.host_environment.CREDENTIALS_FUNCTION == ""
    error_message = "A bucket of one's own is used, and the vendor is not asked."
  }
}

run "reads_a_users_keys_by_name" {
  command = plan

  variables {
    cache       = { access_key_ssm_path = "/ci/access", auth = "user", bucket = "given", enabled = true, secret_key_ssm_path = "/ci/secret" }
    credentials = {}
  }

  assert {
    condition = one([for s in jsondecode(aws_iam_role_policy.runner.policy).Statement : s.Resource if s.Sid == "ReadOwnParameters"]) == [
      "arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab/runner",
      "arn:aws:ssm:eu-west-1:123456789012:parameter/ci/access",
      "arn:aws:ssm:eu-west-1:123456789012:parameter/ci/secret",
    ]
    error_message = "The runner's token and the user's keys, and no other parameter."
  }
}

run "encrypts_with_a_key_of_ones_own" {
  command = plan

  variables {
    cache = { enabled = true, expiration_days = 7, force_destroy = true, kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1", prefix = "ci/linux" }
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.cache[0].rule).apply_server_side_encryption_by_default).kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1"
    error_message = "The key is the bucket's."
  }

  assert {
    condition     = aws_s3_bucket.cache[0].force_destroy && aws_s3_bucket_lifecycle_configuration.cache[0].rule[0].expiration[0].days == 7 && local.cache_prefix == "ci/linux"
    error_message = "What is asked for is there."
  }
}
