# What the credential vendor gives in the local stack: a role for deployments to jobs of one project, and a role for the
# cache to runner hosts.

data "aws_caller_identity" "current" {}

locals {
  # The stand-in's sample project.
  sample_claims = {
    namespace_id   = tostring(var.sample_namespace_id)
    namespace_path = split("/", var.sample_project_path)[0]
    project_id     = tostring(var.sample_project_id)
    project_path   = var.sample_project_path
    ref            = "main"
    ref_path       = "refs/heads/main"
    ref_protected  = "true"
    ref_type       = "branch"
  }

  credentials_count = var.credentials_enabled ? 1 : 0
  # Named, not referenced: the module knows its role's ARN before it knows the grants.
  trust = jsonencode({
    Statement = [{
      Action    = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
      Condition = { ArnEquals = { "aws:PrincipalArn" = module.fleet.credentials_role_arn } }
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      Sid       = "AllowCredentialVendor"
    }]
    Version = "2012-10-17"
  })
}

resource "aws_iam_role" "deploy" {
  count = local.credentials_count

  assume_role_policy = local.trust
  name               = "${var.name}-deploy"
}

resource "aws_iam_role" "cache" {
  count = local.credentials_count

  assume_role_policy = local.trust
  name               = "${var.name}-cache"
}

resource "aws_s3_bucket" "cache" {
  count = local.credentials_count

  # checkov:skip=CKV_AWS_18: for the local AWS, which is gone after make down
  # checkov:skip=CKV_AWS_21: for the local AWS, which is gone after make down
  # checkov:skip=CKV_AWS_144: for the local AWS, which has one region
  # checkov:skip=CKV2_AWS_62: nobody waits for it to change
  bucket_prefix = "${var.name}-cache-"
  force_destroy = true
}

resource "aws_iam_role_policy" "cache" {
  count = local.credentials_count

  name = "cache"
  policy = jsonencode({
    Statement = [{
      Action   = ["s3:GetObject", "s3:PutObject"]
      Effect   = "Allow"
      Resource = ["${aws_s3_bucket.cache[0].arn}/${var.name}/*"]
      Sid      = "UseCache"
    }]
    Version = "2012-10-17"
  })
  role = aws_iam_role.cache[0].id
}

resource "aws_iam_role_policy" "deploy" {
  count = local.credentials_count

  # checkov:skip=CKV_AWS_355: for the local AWS: whoever tries the role may look at any queue, which changes nothing
  name = "deploy"
  policy = jsonencode({
    Statement = [{
      Action   = ["sqs:GetQueueAttributes"]
      Effect   = "Allow"
      Resource = ["*"]
      Sid      = "LookAtQueues"
    }]
    Version = "2012-10-17"
  })
  role = aws_iam_role.deploy[0].id
}
