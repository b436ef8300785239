# The functions' zips: built on this machine during apply, once for each content of the sources.
# docs/packaging.md says what is in a zip and why.

locals {
  # An older runtime than the code needs is raised; check "lambda_runtime" says so.
  runtime = tonumber(split(".", var.lambda.runtime)[1]) < 13 ? "python3.13" : var.lambda.runtime

  packages   = toset(concat(["scaler", "webhook"], [for package in ["credentials"] : package if var.credentials.enabled]))
  repository = "${path.module}/.."

  # A zip that does not exist yet cannot be hashed at plan time, so the sources are. Compiled files differ between
  # machines and are not packaged.
  package_sources = {
    for package in local.packages : package => sort([
      for file in concat(
        [for f in fileset("${local.repository}/lambda_src", "{common,${package}}/**") : "lambda_src/${f}"],
        [for f in fileset("${local.repository}/tools/package", "*.py") : "tools/package/${f}"],
        ["lambda_src/requirements.txt"],
      ) : file if !strcontains(file, "__pycache__/") && !endswith(file, ".pyc")
    ])
  }
  package_hashes = {
    for package, files in local.package_sources : package => substr(sha256(jsonencode({
      architecture = var.lambda.architecture
      files        = { for file in files : file => filesha256("${local.repository}/${file}") }
      runtime      = local.runtime
    })), 0, 32)
  }
  package_files = {
    for package, hash in local.package_hashes : package =>
    "${local.repository}/build/packages/${package}-${hash}.zip"
  }
  filenames = {
    for package in local.packages : package =>
    var.lambda.package_path == null ? terraform_data.package[package].output : var.lambda.package_path[package]
  }
  # The path of a built zip has its hash already; a ready-made one may keep its path when its content changes.
  source_code_hashes = {
    for package in local.packages : package =>
    var.lambda.package_path == null ? null : filebase64sha256(var.lambda.package_path[package])
  }
}

resource "terraform_data" "package" {
  for_each = var.lambda.package_path == null ? local.packages : toset([])

  input = local.package_files[each.key]

  # The fleet's name is here because it replaces the functions, and a new function needs the zip again, which may
  # have been built on another machine. The builder does nothing when the zip is there.
  triggers_replace = {
    file = local.package_files[each.key]
    name = var.name
  }

  # The interpreter is the builder itself: no shell that could read anything into a path.
  provisioner "local-exec" {
    command = local.package_files[each.key]
    interpreter = [
      "python3", "${local.repository}/tools/package/build.py",
      "--package", each.key,
      "--runtime", local.runtime,
      "--architecture", var.lambda.architecture,
      "--provisioner", var.provisioner,
      "--output",
    ]
  }
}
