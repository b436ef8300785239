# The public address: what it takes to have one, and who may come through it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/", webhook_signing_token_ssm_path = "/gitlab/signing" }
  lambda = { allow_function_url = true, package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "opens_the_url_and_no_other_way" {
  command = apply

  assert {
    condition     = aws_lambda_function_url.webhook[0].authorization_type == "NONE" && aws_lambda_function_url.webhook[0].qualifier == null
    error_message = "GitLab cannot sign its requests."
  }

  assert {
    condition = jsondecode(aws_cloudformation_stack.webhook_url[0].template_body).Resources == {
      InvokeThroughUrl = {
        Properties = {
          Action                = "lambda:InvokeFunction"
          FunctionName          = "arn:aws:lambda:eu-west-1:123456789012:function:mocked"
          InvokedViaFunctionUrl = true
          Principal             = "*"
        }
        Type = "AWS::Lambda::Permission"
      }
    }
    error_message = "The second permission holds only for what comes through the URL."
  }

  # The only other permission of the module names Auto Scaling's role and the termination function.
  assert {
    condition     = !strcontains(aws_lambda_permission.termination.principal, "*")
    error_message = "No permission of its own lets the public in."
  }

  assert {
    condition     = output.lambda_function_url != null && output.url_id != null
    error_message = "The address is an output."
  }
}

run "passes_the_cors_settings_on" {
  command = plan

  variables {
    lambda = merge(var.lambda, { cors = { allow_headers = ["content-type"], allow_methods = ["POST"], allow_origins = ["https://gitlab.com"], max_age = 60 } })
  }

  assert {
    condition = (
      aws_lambda_function_url.webhook[0].cors[0].allow_origins == toset(["https://gitlab.com"]) &&
      aws_lambda_function_url.webhook[0].cors[0].allow_methods == toset(["POST"]) &&
      aws_lambda_function_url.webhook[0].cors[0].allow_headers == toset(["content-type"]) &&
      aws_lambda_function_url.webhook[0].cors[0].max_age == 60
    )
    error_message = "lambda.cors is taken as it is."
  }
}

run "has_no_url_and_no_permission_without_being_asked" {
  command = plan

  variables {
    lambda = merge(var.lambda, { allow_function_url = false })
  }

  assert {
    condition     = length(aws_lambda_function_url.webhook) == 0 && length(aws_cloudformation_stack.webhook_url) == 0
    error_message = "Nothing is public by default."
  }
}

run "takes_the_secret_token_as_a_secret" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { webhook_secret_ssm_path = "/gitlab/secret", webhook_signing_token_ssm_path = "" })
  }

  assert {
    condition     = length(aws_lambda_function_url.webhook) == 1 && local.webhook_parameters == tolist(["/gitlab/secret"])
    error_message = "One secret is enough for a URL."
  }
}

run "schedules_a_tick_each_minute_and_sweeps_at_the_rate" {
  command = apply

  variables {
    lambda = merge(var.lambda, { rate = "cron(0 21 * * ? *)" })
  }

  assert {
    condition     = { for name, schedule in aws_scheduler_schedule.fleet : name => schedule.schedule_expression } == { sweep = "cron(0 21 * * ? *)", tick = "rate(1 minute)" }
    error_message = "lambda.rate is the sweeps'; instances are looked after each minute in any case."
  }

  # Angle brackets as they are: the scheduler replaces this very text.
  assert {
    condition     = aws_scheduler_schedule.fleet["sweep"].target[0].input == "{\"kind\":\"sweep\",\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"
    error_message = "The message says what it is and when it was due."
  }
}

run "sweeps_never_when_off" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "off" })
  }

  assert {
    condition     = keys(aws_scheduler_schedule.fleet) == ["tick"]
    error_message = "off leaves the tick alone."
  }
}

run "queues_one_thing_at_a_time" {
  command = apply

  assert {
    condition     = aws_sqs_queue.events.fifo_queue && aws_sqs_queue.events.name == "gitlab-runner-events.fifo" && aws_sqs_queue.events.sqs_managed_sse_enabled && aws_sqs_queue.events_dead.sqs_managed_sse_enabled
    error_message = "The queue is FIFO, and encrypted like its dead-letter queue."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.events.batch_size == 10 && aws_lambda_event_source_mapping.events.function_response_types == null
    error_message = "Messages come ten at a time and are acknowledged together."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.events_dead.redrive_allow_policy).sourceQueueArns == ["arn:aws:sqs:eu-west-1:123456789012:gitlab-runner-events.fifo"]
    error_message = "Only the fleet's queue has its dead letters there."
  }

  assert {
    condition = { for key, config in aws_lambda_function_recursion_config.loop : key => "${config.function_name} ${config.recursive_loop}" } == {
      scaler   = "gitlab-runner-scaler Allow"
      schedule = "gitlab-runner-schedule Allow"
    }
    error_message = "The scaler may ask itself to go on, and the schedule function for ticks, one after the other."
  }
}
