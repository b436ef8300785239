# The grants, as one object in S3. An environment is too small for them (4 KB), and Parameter Store would throttle the
# reads of 200 containers that start at once. The function may read this object and can write nowhere near it, so nobody
# can grant himself something through the function.

locals {
  # What the module itself needs to know of a grant; the function reads the rest.
  grants = {
    for name, grant in merge(local.cache_grants, var.credentials.grants) : name => {
      is_assumed          = try(grant.mode == null ? true : grant.mode == "assume_role", true)
      require_running_job = try(grant.require_running_job == null ? false : grant.require_running_job, false)
      role_arn            = grant.role_arn
    }
  }

  grants_document = jsonencode({
    epoch                 = var.credentials.epoch
    gitlab_ca_certificate = var.gitlab.ca_certificate == "" ? null : var.gitlab.ca_certificate
    # Null is what is left out, also where the other kind of grant has an attribute.
    grants  = { for name, grant in merge(local.cache_grants, var.credentials.grants) : name => { for attribute, value in grant : attribute => value if value != null } }
    version = 1
  })
  grants_key = "grants.json"
}

resource "aws_s3_bucket" "grants" {
  count = local.credentials_count

  # checkov:skip=CKV_AWS_21: the one object comes from Terraform, whose configuration has the versions
  # checkov:skip=CKV_AWS_18: one object that one function reads; CloudTrail has who wrote it
  # checkov:skip=CKV_AWS_144: the object is a copy of the configuration
  # checkov:skip=CKV_AWS_145: names of roles and projects, no secrets; encrypted with S3's own key
  # checkov:skip=CKV2_AWS_61: nothing in it grows old
  # checkov:skip=CKV2_AWS_62: nobody waits for it to change
  bucket_prefix = "${substr(var.name, 0, 29)}-grants-"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "grants" {
  count = local.credentials_count

  block_public_acls       = true
  block_public_policy     = true
  bucket                  = aws_s3_bucket.grants[0].id
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "grants" {
  count = local.credentials_count

  bucket = aws_s3_bucket.grants[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "grants" {
  count = local.credentials_count

  bucket = aws_s3_bucket.grants[0].id
  policy = jsonencode({
    Statement = [{
      Action    = "s3:*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
      Effect    = "Deny"
      Principal = "*"
      Resource  = [aws_s3_bucket.grants[0].arn, "${aws_s3_bucket.grants[0].arn}/*"]
      Sid       = "DenyPlainHttp"
    }]
    Version = "2012-10-17"
  })

  # S3 refuses two changes of a bucket's access at once.
  depends_on = [aws_s3_bucket_public_access_block.grants]
}

resource "aws_s3_object" "grants" {
  count = local.credentials_count

  bucket       = aws_s3_bucket.grants[0].id
  content      = local.grants_document
  content_type = "application/json"
  etag         = md5(local.grants_document) # brings back what somebody has changed by hand
  key          = local.grants_key

  depends_on = [aws_s3_bucket_server_side_encryption_configuration.grants]
}
