# Where the credential vendor's containers share sessions: ciphertext in a table, and a key that only the function may use.

locals {
  sessions_table     = "${var.name}-sessions"
  shared_cache_count = var.credentials.enabled && var.credentials.shared_cache ? 1 : 0
  # The context binds a ciphertext to the table: what is copied from another fleet's does not decrypt.
  session_encryption = {
    Action    = ["kms:Decrypt", "kms:Encrypt"]
    Condition = { StringEquals = { "kms:EncryptionContext:table" = local.sessions_table } }
    Effect    = "Allow"
    Sid       = "UseForSessions"
  }
}

resource "aws_dynamodb_table" "sessions" {
  count = local.shared_cache_count

  # checkov:skip=CKV_AWS_28: a cache is not backed up
  # checkov:skip=CKV_AWS_119: the credentials in it are encrypted by the function, with the key below
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  name         = local.sessions_table

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }
}

# The account administers the key and cannot use it: no policy of IAM lets anybody but the function decrypt a session.
resource "aws_kms_key" "sessions" {
  count = local.shared_cache_count

  deletion_window_in_days = 7
  description             = "Encrypts the sessions that the credential vendor of ${var.name} shares."
  enable_key_rotation     = true
  policy = jsonencode({
    Statement = [
      {
        Action = [
          "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:Describe*", "kms:Disable*", "kms:Enable*",
          "kms:Get*", "kms:List*", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion",
          "kms:TagResource", "kms:UntagResource", "kms:Update*",
        ]
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Resource  = "*" # the key itself
        Sid       = "Administer"
      },
      merge(local.session_encryption, {
        Principal = { AWS = module.credentials[0].role_arn }
        Resource  = "*" # the key itself
      }),
    ]
    Version = "2012-10-17"
  })
}
