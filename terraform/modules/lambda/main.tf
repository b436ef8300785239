# One function with a role and a log group of its own.

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: observability.log_retention_days decides; what was decided a year ago helps nobody
  kms_key_id        = var.observability.kms_key_arn
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.observability.log_retention_days
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_50: on with observability.tracing; it costs by the trace
  # checkov:skip=CKV_AWS_115: one message group bounds the scaler; a reservation for the others would turn bursts away and take from the account
  # checkov:skip=CKV_AWS_116: what the scaler cannot handle is in the queue's dead-letter queue; a lost tick comes again a minute later
  # checkov:skip=CKV_AWS_173: the environment has names and settings, no secrets; encrypted with Lambda's own key
  # checkov:skip=CKV_AWS_272: whoever applies builds the zip, from hash-locked sources, and would hold the signing key as well
  architectures    = [var.architecture]
  description      = var.description
  filename         = var.filename
  function_name    = var.name
  handler          = var.handler
  memory_size      = var.memory_size
  package_type     = "Zip"
  publish          = var.publish
  role             = aws_iam_role.this.arn
  runtime          = var.runtime
  source_code_hash = var.source_code_hash
  timeout          = var.timeout

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = var.observability.tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      security_group_ids = vpc_config.value.security_group_ids
      subnet_ids         = vpc_config.value.subnet_ids
    }
  }

  # The log group goes last, when nothing is left that could write to it.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}
