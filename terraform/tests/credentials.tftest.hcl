# The credential vendor: what there is when it is enabled, and who may do what with it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  credentials = {
    enabled = true
    grants = {
      deploy    = { callers = "gitlab_job", match = { project_id = "20" }, role_arn = "arn:aws:iam::210987654321:role/deploy" }
      federated = { callers = "gitlab_job", match = { project_id = "20" }, mode = "web_identity", role_arn = "arn:aws:iam::210987654321:role/federated" }
      release   = { callers = "gitlab_job", match = { project_id = "21" }, role_arn = "arn:aws:iam::210987654321:role/deploy" }
    }
  }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { credentials = "tests/mocks/package.zip", scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "gives_the_function_what_it_needs_and_no_more" {
  command = apply

  assert {
    condition = { for s in jsondecode(module.credentials[0].policy).Statement : s.Sid => { actions = s.Action, resources = s.Resource } } == {
      ReadGrants     = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::mocked/grants.json"] }
      ShareSessions  = { actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/mocked"] }
      UseForSessions = { actions = ["kms:Decrypt", "kms:Encrypt"], resources = ["arn:aws:kms:eu-west-1:123456789012:key/mocked"] }
      WriteLog       = { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = ["arn:aws:logs:eu-west-1:123456789012:log-group:mocked:*"] }
    }
    error_message = "It reads its grants, shares sessions and writes its log; without require_running_job it reads no parameter."
  }

  assert {
    condition = alltrue([
      for policy in aws_iam_policy.credentials_roles : jsondecode(policy.policy).Statement == [{
        Action   = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
        Effect   = "Allow"
        Resource = ["arn:aws:iam::210987654321:role/deploy"]
        Sid      = "TakeGrantedRoles"
      }]
    ]) && length(aws_iam_policy.credentials_roles) == 2
    error_message = "It takes exactly the grants' roles; for web identity AWS asks for no right of the function."
  }

  assert {
    condition     = module.credentials[0].role_name == "gitlab-runner-eu-west-1-credentials" && output.credentials_role_arn == "arn:aws:iam::123456789012:role/gitlab-runner-eu-west-1-credentials"
    error_message = "The role's ARN is known before the role."
  }

  assert {
    condition     = alltrue([for attachment in aws_iam_role_policy_attachment.credentials_roles : attachment.role == "gitlab-runner-eu-west-1-credentials"])
    error_message = "The policies are the function's."
  }
}

run "opens_one_door_to_the_public_and_only_through_its_url" {
  command = apply

  assert {
    condition     = { for name, alias in aws_lambda_alias.credentials : name => alias.function_version } == { check = "7", hosts = "7", jobs = "7" }
    error_message = "There are three doors, on the published version."
  }

  assert {
    condition     = aws_lambda_function_url.credentials[0].authorization_type == "NONE" && aws_lambda_function_url.credentials[0].qualifier == "jobs"
    error_message = "The URL is the jobs' door, whose id_token the function verifies."
  }

  assert {
    condition = jsondecode(aws_cloudformation_stack.credentials_url[0].template_body).Resources == {
      InvokeThroughUrl = {
        Properties = {
          Action                = "lambda:InvokeFunction"
          FunctionName          = aws_lambda_alias.credentials["jobs"].arn
          InvokedViaFunctionUrl = true
          Principal             = "*"
        }
        Type = "AWS::Lambda::Permission"
      }
    }
    error_message = "The public may invoke the jobs' door, through the URL only."
  }

  assert {
    condition = (
      output.credentials_function_url != null && output.credentials_url_id != null && output.function_names.credentials == "gitlab-runner-credentials" &&
      output.credentials_audience == "gitlab-runner-fleet:123456789012:eu-west-1:gitlab-runner"
    )
    error_message = "What jobs need is an output, and the default audience is no other fleet's."
  }

  assert {
    condition     = output.credentials_check_arn == aws_lambda_alias.credentials["check"].arn
    error_message = "Whoever tries the grants is let in by the ARN of that door."
  }
}

run "keeps_the_grants_private" {
  command = apply

  assert {
    condition = (
      aws_s3_bucket_public_access_block.grants[0].block_public_acls && aws_s3_bucket_public_access_block.grants[0].block_public_policy &&
      aws_s3_bucket_public_access_block.grants[0].ignore_public_acls && aws_s3_bucket_public_access_block.grants[0].restrict_public_buckets
    )
    error_message = "Nothing about the bucket is public."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.grants[0].policy).Statement == [{
      Action    = "s3:*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
      Effect    = "Deny"
      Principal = "*"
      Resource  = ["arn:aws:s3:::mocked", "arn:aws:s3:::mocked/*"]
      Sid       = "DenyPlainHttp"
    }]
    error_message = "The bucket speaks TLS only."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.grants[0].rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256" && aws_s3_bucket.grants[0].force_destroy
    error_message = "The bucket is encrypted, and goes with the fleet."
  }

  assert {
    condition     = startswith(aws_s3_bucket.grants[0].bucket_prefix, "gitlab-runner-grants-")
    error_message = "The bucket has the fleet's name in front."
  }
}

run "writes_the_document_that_the_function_reads" {
  command = plan

  variables {
    credentials = merge(var.credentials, { epoch = 3 })
    gitlab      = merge(var.gitlab, { ca_certificate = file("../examples/private-gitlab/ca.pem") })
  }

  assert {
    condition = jsondecode(aws_s3_object.grants[0].content) == {
      epoch                 = 3
      gitlab_ca_certificate = file("../examples/private-gitlab/ca.pem")
      grants                = jsondecode(jsonencode(var.credentials.grants))
      version               = 1
    }
    error_message = "The document has the grants as they were given."
  }

  assert {
    condition     = aws_s3_object.grants[0].key == "grants.json" && module.credentials[0].environment.GRANTS_KEY == "grants.json"
    error_message = "The function looks where the document is."
  }
}

run "leaves_out_what_is_null" {
  command = plan

  variables {
    credentials = {
      enabled = true
      grants  = { deploy = { callers = "gitlab_job", kind = null, match = { project_id = 20 }, role_arn = "arn:aws:iam::210987654321:role/deploy", session_policy = null } }
    }
  }

  assert {
    condition     = jsonencode(jsondecode(aws_s3_object.grants[0].content).grants.deploy) == jsonencode({ callers = "gitlab_job", match = { project_id = 20 }, role_arn = "arn:aws:iam::210987654321:role/deploy" })
    error_message = "A grant for jobs has no attribute of those for runners, not even as null."
  }
}

run "reads_the_api_token_only_to_ask_about_jobs" {
  command = apply

  variables {
    credentials = {
      enabled = true
      grants  = { deploy = { callers = "gitlab_job", match = { project_id = "20" }, require_running_job = true, role_arn = "arn:aws:iam::210987654321:role/deploy" } }
    }
  }

  assert {
    condition     = one([for s in jsondecode(module.credentials[0].policy).Statement : s.Resource if s.Sid == "ReadParameters"]) == ["arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab/api"]
    error_message = "require_running_job needs the token that reads jobs."
  }

  assert {
    condition     = module.credentials[0].environment.GITLAB_TOKEN_PARAMETER == "/gitlab/api"
    error_message = "The function knows where the token is."
  }
}

run "shares_sessions_under_a_key_that_only_the_function_may_use" {
  command = apply

  assert {
    condition     = aws_dynamodb_table.sessions[0].hash_key == "id" && aws_dynamodb_table.sessions[0].billing_mode == "PAY_PER_REQUEST" && one(aws_dynamodb_table.sessions[0].ttl).attribute_name == "ttl" && one(aws_dynamodb_table.sessions[0].ttl).enabled
    error_message = "The table forgets sessions by itself and costs what is used."
  }

  assert {
    condition     = aws_kms_key.sessions[0].enable_key_rotation && aws_kms_key.sessions[0].deletion_window_in_days == 7
    error_message = "The key rotates, and goes as soon as AWS lets it."
  }

  assert {
    condition = [for s in jsondecode(aws_kms_key.sessions[0].policy).Statement : s if s.Sid == "UseForSessions"] == [{
      Action    = ["kms:Decrypt", "kms:Encrypt"]
      Condition = { StringEquals = { "kms:EncryptionContext:table" = "gitlab-runner-sessions" } }
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:role/mocked" }
      Resource  = "*"
      Sid       = "UseForSessions"
    }]
    error_message = "The function encrypts and decrypts, for its own table."
  }

  assert {
    condition = alltrue(flatten([
      for s in jsondecode(aws_kms_key.sessions[0].policy).Statement : [
        for action in s.Action : !can(regex("^kms:(\\*|Decrypt|Encrypt|GenerateDataKey|ReEncrypt|CreateGrant|Create\\*)", action))
      ] if s.Sid == "Administer"
    ]))
    error_message = "Who administers the key cannot use it, nor let somebody use it by a grant."
  }
}

run "does_without_the_shared_cache" {
  command = apply

  variables {
    credentials = merge(var.credentials, { shared_cache = false })
  }

  assert {
    condition     = length(aws_dynamodb_table.sessions) == 0 && length(aws_kms_key.sessions) == 0
    error_message = "What is switched off costs nothing."
  }

  assert {
    condition     = module.credentials[0].environment.SHARED_CACHE == "false" && module.credentials[0].environment.TABLE == "" && module.credentials[0].environment.KMS_KEY_ID == ""
    error_message = "The function knows."
  }

  assert {
    condition     = toset([for s in jsondecode(module.credentials[0].policy).Statement : s.Sid]) == toset(["ReadGrants", "WriteLog"])
    error_message = "No right is left for it."
  }
}

run "confines_hosts_to_the_fleets_part_of_the_bucket" {
  command = plan

  variables {
    cache       = { bucket = "caches", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1" }
    credentials = { enabled = true, grants = { cache = { callers = "runner", kind = "s3_cache", role_arn = "arn:aws:iam::210987654321:role/cache" } } }
  }

  assert {
    condition = [for name in ["CACHE_BUCKET", "CACHE_KMS_KEY_ARN", "CACHE_PREFIX"] : module.credentials[0].environment[name]] == [
      "caches", "arn:aws:kms:eu-west-1:123456789012:key/1", "gitlab-runner",
    ]
    error_message = "Without a prefix it is the fleet's name."
  }
}

run "has_room_for_the_roles_of_200_grants" {
  command = plan

  variables {
    credentials = {
      enabled = true
      grants = {
        for n in range(200) : "deploy-${n}" => {
          callers = "gitlab_job", match = { project_id = n }, role_arn = format("arn:aws:iam::210987654321:role/%064d", n)
        }
      }
    }
  }

  assert {
    condition     = sum([for policy in aws_iam_policy.credentials_roles : length(one(jsondecode(policy.policy).Statement).Resource)]) == 200
    error_message = "Every role is named once, the longest names included."
  }

  assert {
    condition     = alltrue([for policy in aws_iam_policy.credentials_roles : length(policy.policy) <= 6144]) && length(aws_iam_policy.credentials_roles) <= 10
    error_message = "IAM takes ten policies of 6144 characters each."
  }
}

run "says_when_the_roles_do_not_fit" {
  command = plan

  variables {
    credentials = {
      enabled = true
      grants = {
        for n in range(200) : "deploy-${n}" => {
          callers = "gitlab_job", match = { project_id = n }, role_arn = format("arn:aws:iam::210987654321:role/%0400d/a", n)
        }
      }
    }
  }

  expect_failures = [aws_iam_policy.credentials_roles]
}

run "tells_somebody_when_the_vendor_fails" {
  command = plan

  variables {
    observability = { alarms = true }
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.operational["credentials-errors"].dimensions == tomap({ FunctionName = "gitlab-runner-credentials" }) &&
      aws_cloudwatch_metric_alarm.operational["grants-unusable"].metric_name == "GrantsDocumentErrors" &&
      aws_cloudwatch_metric_alarm.operational["grants-unusable"].dimensions == tomap({ Fleet = "gitlab-runner" })
    )
    error_message = "Failures and unusable grants are alarms."
  }
}

run "has_the_processor_that_a_cold_start_needs" {
  command = plan

  assert {
    condition     = local.functions.credentials.memory_size == 1024 && local.functions.credentials.timeout == 12
    error_message = "A function's processor grows with its memory; hosts are answered within 8 seconds."
  }
}

run "is_nothing_unless_enabled" {
  command = plan

  variables {
    credentials = merge(var.credentials, { enabled = false })
    lambda      = {}
  }

  assert {
    condition = 0 == (
      length(module.credentials) + length(aws_lambda_alias.credentials) + length(aws_lambda_function_url.credentials) + length(aws_cloudformation_stack.credentials_url) +
      length(aws_iam_policy.credentials_roles) + length(aws_iam_role_policy_attachment.credentials_roles) + length(aws_s3_bucket.grants) + length(aws_s3_object.grants) +
      length(aws_s3_bucket_policy.grants) + length(aws_s3_bucket_public_access_block.grants) + length(aws_s3_bucket_server_side_encryption_configuration.grants) +
      length(aws_dynamodb_table.sessions) + length(aws_kms_key.sessions)
    )
    error_message = "What is not enabled does not exist."
  }

  assert {
    condition     = local.packages == toset(["scaler", "webhook"]) && !contains(keys(local.operational_alarms), "credentials-errors") && !contains(keys(local.operational_alarms), "grants-unusable")
    error_message = "Nothing is built for it, and nothing watches it."
  }

  assert {
    condition     = output.credentials_function_url == null && output.credentials_url_id == null && output.credentials_audience == null && output.credentials_check_arn == null && !contains(keys(output.function_names), "credentials")
    error_message = "Its outputs are null."
  }
}
