# GitLab announces its jobs with a webhook; one sweep an hour is the safety net. Jobs may push images to one repository.

module "network" {
  source = "../network"

  name = var.name
}

resource "aws_ecr_repository" "images" {
  # checkov:skip=CKV_AWS_136: encrypted with ECR's own key; a key of one's own must let the jobs use it
  # checkov:skip=CKV_AWS_163: ECR has scanning as a setting of the registry, for all of the account's repositories
  force_delete         = true
  image_tag_mutability = "IMMUTABLE"
  name                 = "${var.name}/images"
}

data "aws_iam_policy_document" "job" {
  statement {
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
    sid       = "LogIn"
  }

  statement {
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
    ]
    resources = [aws_ecr_repository.images.arn]
    sid       = "PushImages"
  }
}

module "fleet" {
  source = "../../terraform"

  asg = {
    associate_public_ip_address = true
    instance_type               = "t3.medium"
    job_policy                  = data.aws_iam_policy_document.job.json
    max_size                    = 10
    subnet_ids                  = module.network.subnet_ids
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
    rate               = "rate(1 hour)"
  }
  name = var.name
}
