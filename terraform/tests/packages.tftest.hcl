# The functions' zips.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/", webhook_signing_token_ssm_path = "/gitlab/signing" }
  lambda = { allow_function_url = true, package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "takes_ready_made_zips_and_builds_nothing" {
  command = plan

  assert {
    condition     = length(terraform_data.package) == 0 && local.filenames.scaler == "tests/mocks/package.zip"
    error_message = "lambda.package_path leaves nothing to build."
  }

  assert {
    condition     = local.source_code_hashes.scaler == filebase64sha256("tests/mocks/package.zip")
    error_message = "A ready-made zip is deployed again when its content changes."
  }
}

run "builds_one_zip_for_each_package_under_the_hash_of_its_sources" {
  command = plan

  variables {
    lambda = { allow_function_url = true }
  }

  assert {
    condition     = toset(keys(terraform_data.package)) == toset(["scaler", "webhook"])
    error_message = "Four functions share two zips."
  }

  assert {
    condition     = alltrue([for package, file in local.package_files : can(regex("/build/packages/${package}-[0-9a-f]{32}\\.zip$", file))])
    error_message = "The path has the hash of everything that goes into the zip."
  }

  assert {
    condition     = alltrue([for package, files in local.package_sources : contains(files, "lambda_src/requirements.txt") && !anytrue([for f in files : strcontains(f, "__pycache__")])])
    error_message = "The hash covers the lock file and no compiled files, which differ between machines."
  }

  assert {
    condition = (
      length([for f in local.package_sources.webhook : f if startswith(f, "lambda_src/webhook/")]) > 0 &&
      length([for f in local.package_sources.webhook : f if startswith(f, "lambda_src/common/")]) > 0 &&
      length([for f in local.package_sources.webhook : f if startswith(f, "tools/package/")]) > 0 &&
      length([for f in local.package_sources.webhook : f if startswith(f, "lambda_src/scaler/")]) == 0
    )
    error_message = "A package is its own sources, the common ones and the builder."
  }

  assert {
    condition     = alltrue([for package in local.packages : local.source_code_hashes[package] == null])
    error_message = "A zip that is not built yet is not hashed."
  }
}

run "builds_anew_for_another_architecture" {
  command = plan

  variables {
    lambda = { allow_function_url = true, architecture = "arm64" }
  }

  assert {
    condition = alltrue([
      for package, files in local.package_sources : local.package_hashes[package] == substr(sha256(jsonencode({
        architecture = "arm64"
        files        = { for file in files : file => filesha256("../${file}") }
        runtime      = "python3.13"
      })), 0, 32)
    ])
    error_message = "Another architecture or runtime is another zip."
  }
}

run "builds_the_vendors_zip_where_it_is_enabled" {
  command = plan

  variables {
    credentials = { enabled = true }
    lambda      = { allow_function_url = true }
  }

  assert {
    condition     = toset(keys(terraform_data.package)) == toset(["credentials", "scaler", "webhook"])
    error_message = "The vendor has a zip of its own."
  }

  assert {
    condition = (
      length([for f in local.package_sources.credentials : f if startswith(f, "lambda_src/credentials/authenticate/")]) > 0 &&
      length([for f in local.package_sources.credentials : f if startswith(f, "lambda_src/scaler/")]) == 0
    )
    error_message = "It is made of its own sources, those in folders included."
  }
}
