# Hooks and schedule share one FIFO queue with one message group: one observation runs at a time, in order.

resource "aws_sqs_queue" "events" {
  fifo_queue                = true
  message_retention_seconds = 3600 # older news is worthless, the schedule looks again anyway
  name                      = local.queue_name
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.events_dead.arn
    maxReceiveCount     = 3
  })
  sqs_managed_sse_enabled = true
  # AWS asks for six times the consumer's timeout: a message must not come back while it is being handled.
  visibility_timeout_seconds = 6 * local.functions.scaler.timeout
}

resource "aws_sqs_queue" "events_dead" {
  fifo_queue                = true
  message_retention_seconds = 1209600
  name                      = "${var.name}-events-dead.fifo"
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arn]
  })
  sqs_managed_sse_enabled = true
}

resource "aws_lambda_event_source_mapping" "events" {
  batch_size       = 10
  event_source_arn = aws_sqs_queue.events.arn
  function_name    = module.scaler.arn
}
