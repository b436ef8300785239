# What modules/lambda promises for each function.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  architecture  = "x86_64"
  description   = "Does something."
  environment   = { FLEET = "ci" }
  filename      = "tests/mocks/package.zip"
  handler       = "package.handler.handle"
  memory_size   = 256
  name          = "ci-function"
  observability = { log_retention_days = 30, tracing = false }
  role_name     = "ci-eu-west-1-function"
  runtime       = "python3.13"
  statements    = [{ Action = ["sqs:SendMessage"], Effect = "Allow", Resource = ["arn:aws:sqs:eu-west-1:123456789012:ci"], Sid = "Send" }]
  timeout       = 10
}

run "writes_to_a_log_group_that_it_cannot_create" {
  command = apply

  module {
    source = "./modules/lambda"
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/ci-function" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group is there before the function, with its retention."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.this.policy, "CreateLogGroup")
    error_message = "A log group that was destroyed stays destroyed."
  }

  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid] == ["WriteLog", "Send"]
    error_message = "Nothing is permitted that was not asked for."
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Action = "sts:AssumeRole", Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Sid = "AllowLambda"
    }]
    error_message = "Only Lambda takes the role."
  }
}

run "traces_encrypts_and_is_bounded_when_asked" {
  command = apply

  module {
    source = "./modules/lambda"
  }

  variables {
    iam_permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
    observability            = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1", log_retention_days = 7, tracing = true }
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active" && contains([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid], "Trace")
    error_message = "Tracing is switched on and permitted."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1"
    error_message = "The log is encrypted with the key."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The role has the boundary."
  }
}

run "reaches_into_a_vpc_without_giving_its_code_the_network" {
  command = apply

  module {
    source = "./modules/lambda"
  }

  variables {
    vpc = { security_group_ids = ["sg-1"], subnet_ids = ["subnet-1"] }
  }

  assert {
    condition     = aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-1"]) && aws_lambda_function.this.vpc_config[0].security_group_ids == toset(["sg-1"])
    error_message = "The function is in the subnets."
  }

  assert {
    condition = one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s if s.Sid == "DenyNetworkToCode"]) == {
      Action    = one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action if s.Sid == "AttachToVpc"])
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = ["arn:aws:lambda:eu-west-1:123456789012:function:ci-function"] } }
      Effect    = "Deny"
      Resource  = ["*"]
      Sid       = "DenyNetworkToCode"
    }
    error_message = "What Lambda's service may do for the function, the function's code may not."
  }
}

run "reads_the_parameters_it_names_and_no_others" {
  command = apply

  module {
    source = "./modules/lambda"
  }

  variables {
    parameters = ["/gitlab/api", "flat"]
  }

  assert {
    condition = one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Resource if s.Sid == "ReadParameters"]) == [
      "arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab/api", "arn:aws:ssm:eu-west-1:123456789012:parameter/flat",
    ]
    error_message = "With and without a slash in front, a name has one ARN."
  }
}
