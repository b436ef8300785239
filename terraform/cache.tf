# The cache of the fleet's jobs: a bucket, unless one is given, and what runner hosts may do in it. Who has those rights
# follows from cache.auth: the role that the credential vendor takes for hosts, the instances' own, or a user's.

locals {
  # "false ? …" is known while planning, whatever the bucket's name is.
  creates_bucket = var.cache.enabled ? var.cache.bucket == "" : false

  bucket_count = local.creates_bucket ? 1 : 0
  cache_auth   = var.cache.enabled ? var.cache.auth : "none"
  # Known while planning, since it is in the user data. Bucket names are everybody's, hence the account.
  cache_bucket     = local.creates_bucket ? "${var.name}-cache-${local.account_id}-${local.region}" : var.cache.bucket
  cache_bucket_arn = "arn:${local.partition}:s3:::${local.cache_bucket}"
  cache_role       = "${local.role_prefix}-cache"
  cache_role_count = local.vends_cache ? 1 : 0
  # A grant of one's own that is called cache comes first.
  vends_cache = local.cache_auth == "vended" ? !contains(keys(var.credentials.grants), "cache") : false

  cache_grants = {
    for name, grant in { cache = { callers = "runner", kind = "s3_cache", role_arn = "arn:${local.partition}:iam::${local.account_id}:role/${local.cache_role}" } } :
    name => grant if local.vends_cache
  }

  use_cache = concat(
    [{
      Action   = ["s3:GetObject", "s3:PutObject"]
      Effect   = "Allow"
      Resource = ["${local.cache_bucket_arn}/${local.cache_prefix}/*"]
      Sid      = "UseCache"
    }],
    [for arn in compact([var.cache.kms_key_arn]) : {
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Effect   = "Allow"
      Resource = [arn]
      Sid      = "UseCacheKey"
    }],
  )
}

resource "aws_s3_bucket" "cache" {
  count = local.bucket_count

  # checkov:skip=CKV_AWS_21: what is in a cache can be made again
  # checkov:skip=CKV_AWS_18: caches are read by every job; CloudTrail has who changed the bucket
  # checkov:skip=CKV_AWS_144: what is in a cache can be made again
  # checkov:skip=CKV_AWS_145: encrypted with S3's own key unless cache.kms_key_arn is given
  # checkov:skip=CKV2_AWS_62: nobody waits for it to change
  bucket        = local.cache_bucket
  force_destroy = var.cache.force_destroy
}

resource "aws_s3_bucket_public_access_block" "cache" {
  count = local.bucket_count

  block_public_acls       = true
  block_public_policy     = true
  bucket                  = aws_s3_bucket.cache[0].id
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "cache" {
  count = local.bucket_count

  bucket = aws_s3_bucket.cache[0].id

  rule {
    bucket_key_enabled = var.cache.kms_key_arn != ""

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.cache.kms_key_arn == "" ? null : var.cache.kms_key_arn
      sse_algorithm     = var.cache.kms_key_arn == "" ? "AES256" : "aws:kms"
    }
  }
}

resource "aws_s3_bucket_versioning" "cache" {
  count = local.bucket_count

  bucket = aws_s3_bucket.cache[0].id

  versioning_configuration {
    status = "Disabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "cache" {
  count = local.bucket_count

  bucket = aws_s3_bucket.cache[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    expiration {
      days = var.cache.expiration_days
    }

    filter {}
  }
}

resource "aws_s3_bucket_policy" "cache" {
  count = local.bucket_count

  bucket = aws_s3_bucket.cache[0].id
  policy = jsonencode({
    Statement = [{
      Action    = "s3:*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
      Effect    = "Deny"
      Principal = "*"
      Resource  = [local.cache_bucket_arn, "${local.cache_bucket_arn}/*"]
      Sid       = "DenyPlainHttp"
    }]
    Version = "2012-10-17"
  })

  # S3 refuses two changes of a bucket's access at once.
  depends_on = [aws_s3_bucket_public_access_block.cache]
}

# What the credential vendor takes for hosts. Each session is narrowed to the prefix once more.
resource "aws_iam_role" "cache" {
  count = local.cache_role_count

  assume_role_policy = jsonencode({
    Statement = [{
      Action    = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
      Condition = { ArnEquals = { "aws:PrincipalArn" = "arn:${local.partition}:iam::${local.account_id}:role/${local.credentials_role}" } }
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
      Sid       = "AllowCredentialVendor"
    }]
    Version = "2012-10-17"
  })
  name                 = local.cache_role
  permissions_boundary = var.asg.iam_permissions_boundary
}

resource "aws_iam_role_policy" "cache" {
  count = local.cache_role_count

  name   = "cache"
  policy = jsonencode({ Statement = local.use_cache, Version = "2012-10-17" })
  role   = aws_iam_role.cache[0].id
}
