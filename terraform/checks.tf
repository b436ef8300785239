check "lambda_runtime" {
  assert {
    condition     = local.runtime == var.lambda.runtime
    error_message = "lambda.runtime = \"${var.lambda.runtime}\" is older than what the functions are written for: ${local.runtime} is used. Set lambda.runtime to it, or leave it out."
  }
}

check "scaler_memory" {
  assert {
    condition     = local.functions.scaler.memory_size >= 256
    error_message = "The scaler has ${local.functions.scaler.memory_size} MB: a function's processor grows with its memory, and below 256 MB it starts and answers slowly. Leave lambda.memory_size out for the default."
  }
}
