output "name" {
  value = aws_lambda_function.this.function_name
}

output "arn" {
  value = aws_lambda_function.this.arn

  # Whoever is given the function's ARN may call it, so its rights stand first.
  depends_on = [aws_iam_role_policy.this]
}

output "invoke_arn" {
  description = "The ARN by which API Gateway calls it."
  value       = aws_lambda_function.this.invoke_arn
}

output "role_name" {
  value = aws_iam_role.this.name
}

output "environment" {
  description = "As it was given, to hold it to the contract."
  value       = var.environment
}

output "policy" {
  description = "The role's policy, to hold it to least privilege."
  value       = aws_iam_role_policy.this.policy
}

output "package_key" {
  description = "The package that it is made from."
  value       = var.package.key
}

output "alarms" {
  value = [
    for alarm in [
      aws_cloudwatch_metric_alarm.errors,
      aws_cloudwatch_metric_alarm.throttles,
      aws_cloudwatch_metric_alarm.duration,
    ] : { arn = alarm.arn, name = alarm.alarm_name, description = alarm.alarm_description }
  ]
}
