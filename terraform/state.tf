resource "aws_dynamodb_table" "state" {
  # checkov:skip=CKV_AWS_28: a lost state is observed anew, and Terraform writes the scope
  # checkov:skip=CKV_AWS_119: names of projects and numbers of jobs, no secrets; encrypted with DynamoDB's own key
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  name         = "${var.name}-state"

  attribute {
    name = "id"
    type = "S"
  }
}

# What the scaler looks after, read from the table because lists of projects may not fit into the environment (4 KB).
resource "aws_dynamodb_table_item" "scope" {
  hash_key = aws_dynamodb_table.state.hash_key
  item = jsonencode({
    groups   = { L = [for group in var.gitlab.groups : { S = group }] }
    id       = { S = "scope" }
    projects = { L = [for project in var.gitlab.projects : { S = project }] }
  })
  table_name = aws_dynamodb_table.state.name
}

resource "aws_ssm_parameter" "gitlab_ca" {
  count = var.gitlab.ca_certificate == "" ? 0 : 1

  # checkov:skip=CKV2_AWS_34: certificates of an authority are public
  description = "Certificates of the authority that GitLab's certificate comes from."
  name        = "/${var.name}/gitlab-ca"
  tier        = length(var.gitlab.ca_certificate) > 4096 ? "Advanced" : "Standard"
  type        = "String" # certificates are public
  value       = var.gitlab.ca_certificate
}
