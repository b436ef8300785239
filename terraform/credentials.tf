# The credential vendor: GitLab's CI jobs come through the function URL of the alias `jobs`, runner hosts invoke the alias
# `hosts`, and `make grants-check` the alias `check`, which gives nothing. The function itself is in functions.tf, its grants
# in credentials_grants.tf, its shared cache in credentials_cache.tf.

locals {
  cache_prefix         = coalesce(var.cache.prefix, var.name)
  credentials_audience = coalesce(var.credentials.audience, "gitlab-runner-fleet:${local.account_id}:${local.region}:${var.name}")
  credentials_count    = var.credentials.enabled ? 1 : 0
  credentials_role     = "${local.role_prefix}-credentials"

  # Only a grant that asks GitLab about the job needs the token that reads jobs.
  credentials_parameters = [
    for path in [var.gitlab.api_token_ssm_path] : path
    if anytrue([for grant in values(local.grants) : grant.require_running_job])
  ]
}

# Which door it is says the alias that was invoked, and who may invoke an alias is IAM's business.
resource "aws_lambda_alias" "credentials" {
  for_each = var.credentials.enabled ? toset(["check", "hosts", "jobs"]) : toset([])

  function_name    = module.credentials[0].name
  function_version = module.credentials[0].version
  name             = each.key
}

resource "aws_lambda_function_url" "credentials" {
  count = local.credentials_count

  # checkov:skip=CKV_AWS_258: jobs have an id_token of GitLab and nothing of AWS; the function refuses what has no valid token
  authorization_type = "NONE"
  function_name      = module.credentials[0].name
  qualifier          = aws_lambda_alias.credentials["jobs"].name
}

# The second permission, as for the webhook's URL (webhook.tf): for the alias `jobs`, and through the URL only.
resource "aws_cloudformation_stack" "credentials_url" {
  count = local.credentials_count

  # checkov:skip=CKV_AWS_124: only apply changes the stack; it waits for it and reports its failure
  name = "${var.name}-credentials-url"
  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Lets the public invoke ${module.credentials[0].name} through its function URL only."
    Resources = {
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
  })

  depends_on = [aws_lambda_function_url.credentials]
}

# The roles that may be taken, by name. All inline policies of a role together have at most 10,240 characters, which is about
# 100 ARNs; ten managed policies can be attached, with 6,144 each. A grant's policy follows from its name, so that a new
# grant moves no other one.
locals {
  role_policies = {
    for name, grant in local.grants : tostring(parseint(substr(sha256(name), 0, 8), 16) % 8) => name...
    if grant.is_assumed && var.credentials.enabled # web identity needs no right of the function
  }
}

resource "aws_iam_policy" "credentials_roles" {
  for_each = local.role_policies

  description = "The roles of grants of ${var.name}, part ${each.key}."
  name        = "${local.credentials_role}-roles-${each.key}"
  policy = jsonencode({
    Statement = [{
      Action   = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
      Effect   = "Allow"
      Resource = distinct([for name in each.value : local.grants[name].role_arn])
      Sid      = "TakeGrantedRoles"
    }]
    Version = "2012-10-17"
  })

  lifecycle {
    precondition {
      condition     = sum([for name in each.value : length(local.grants[name].role_arn) + 3]) < 5900
      error_message = "credentials.grants has too many roles, or too long names of roles, for the 6144 characters of a policy: ${length(each.value)} of the grants share one. Use another fleet for some of them."
    }
  }
}

resource "aws_iam_role_policy_attachment" "credentials_roles" {
  for_each = local.role_policies

  policy_arn = aws_iam_policy.credentials_roles[each.key].arn
  role       = module.credentials[0].role_name
}
