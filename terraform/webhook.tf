# The public address for GitLab, which cannot sign requests as AWS_IAM asks: the function verifies each one itself.

resource "aws_lambda_function_url" "webhook" {
  count = var.lambda.allow_function_url ? 1 : 0

  # checkov:skip=CKV_AWS_258: GitLab cannot sign with SigV4; the function refuses what has no valid secret
  authorization_type = "NONE"
  function_name      = module.webhook.name

  dynamic "cors" {
    for_each = length(concat(
      var.lambda.cors.allow_headers, var.lambda.cors.allow_methods,
      var.lambda.cors.allow_origins, var.lambda.cors.expose_headers,
    )) > 0 || var.lambda.cors.allow_credentials || var.lambda.cors.max_age > 0 ? [var.lambda.cors] : []

    content {
      allow_credentials = cors.value.allow_credentials
      allow_headers     = cors.value.allow_headers
      allow_methods     = cors.value.allow_methods
      allow_origins     = cors.value.allow_origins
      expose_headers    = cors.value.expose_headers
      max_age           = cors.value.max_age
    }
  }
}

# A URL needs two permissions. The provider adds the first (InvokeFunctionUrl) with the URL itself; the second,
# InvokeFunction through the URL and in no other way, only its newest versions can express: CloudFormation can.
resource "aws_cloudformation_stack" "webhook_url" {
  count = var.lambda.allow_function_url ? 1 : 0

  # checkov:skip=CKV_AWS_124: only apply changes the stack; it waits for it and reports its failure
  name = "${var.name}-webhook-url"
  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Lets the public invoke ${module.webhook.name} through its function URL only."
    Resources = {
      InvokeThroughUrl = {
        Properties = {
          Action                = "lambda:InvokeFunction"
          FunctionName          = module.webhook.arn
          InvokedViaFunctionUrl = true
          Principal             = "*"
        }
        Type = "AWS::Lambda::Permission"
      }
    }
  })

  depends_on = [aws_lambda_function_url.webhook]
}
