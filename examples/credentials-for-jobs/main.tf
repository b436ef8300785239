# Jobs of one project deploy to a bucket, with credentials that exist for an hour and are stored nowhere.
# .gitlab-ci.yml beside this file is the job.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

module "network" {
  source = "../network"

  name = var.name
}

resource "aws_s3_bucket" "site" {
  # checkov:skip=CKV_AWS_18: a target for the example's job; access logs are the business of a site that stays
  # checkov:skip=CKV_AWS_21: the site is made again by its job
  # checkov:skip=CKV_AWS_144: the site is made again by its job
  # checkov:skip=CKV_AWS_145: a site is for reading; encrypted with S3's own key
  # checkov:skip=CKV2_AWS_6: S3 blocks public access to every new bucket by itself
  # checkov:skip=CKV2_AWS_61: each deployment replaces the one before
  # checkov:skip=CKV2_AWS_62: nobody waits for it to change
  bucket_prefix = "${var.name}-site-"
  force_destroy = true
}

# The trust policy. It names the vendor's role as a condition and its account as the principal: that is as narrow as the role
# as the principal, can be made before the vendor, and survives that the vendor is made anew. In another account than the
# fleet's, write the fleet's account.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
    sid     = "AllowCredentialVendor"

    condition {
      test     = "ArnEquals"
      values   = [module.fleet.credentials_role_arn]
      variable = "aws:PrincipalArn"
    }

    principals {
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
      type        = "AWS"
    }
  }
}

resource "aws_iam_role" "deploy" {
  assume_role_policy = data.aws_iam_policy_document.trust.json
  name               = "${var.name}-deploy"
}

resource "aws_iam_role_policy" "deploy" {
  name = "deploy"
  policy = jsonencode({
    Statement = [
      {
        Action   = ["s3:ListBucket"]
        Effect   = "Allow"
        Resource = [aws_s3_bucket.site.arn]
        Sid      = "ListSite"
      },
      {
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Effect   = "Allow"
        Resource = ["${aws_s3_bucket.site.arn}/*"]
        Sid      = "WriteSite"
      },
    ]
    Version = "2012-10-17"
  })
  role = aws_iam_role.deploy.id
}

module "fleet" {
  source = "../../terraform"

  asg = {
    associate_public_ip_address = true
    instance_type               = "t3.medium"
    max_size                    = 10
    subnet_ids                  = module.network.subnet_ids
  }
  credentials = {
    enabled = true
    grants = {
      deploy = {
        callers             = "gitlab_job"
        match               = { environment = "production", project_id = var.project_id } # and ref_protected = "true"
        require_running_job = true
        role_arn            = aws_iam_role.deploy.arn
        session_tags        = ["environment", "project_path"]
      }
    }
  }
  gitlab = {
    api_token_ssm_path             = "/${var.name}/gitlab-api-token"
    runner_job_tags                = "docker,linux"
    runner_token_ssm_path          = "/${var.name}/gitlab-runner-token"
    uri                            = var.gitlab_url
    webhook_signing_token_ssm_path = "/${var.name}/gitlab-webhook-signing-token"
  }
  lambda = {
    allow_function_url = true
  }
  name = var.name
}
