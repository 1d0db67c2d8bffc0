output "name" {
  value = aws_lambda_function.this.function_name
}

output "arn" {
  value = aws_lambda_function.this.arn

  # Users of the ARN may call the function at once, so its permissions must exist first.
  depends_on = [aws_iam_role_policy.this]
}

output "invoke_arn" {
  description = "The ARN with which API Gateway calls the function."
  value       = aws_lambda_function.this.invoke_arn
}

output "role_name" {
  value = aws_iam_role.this.name
}

output "environment" {
  description = "The environment variables, for the tests."
  value       = var.environment
}

output "policy" {
  description = "The role's policy, for the least-privilege tests."
  value       = aws_iam_role_policy.this.policy
}

output "trust_policy" {
  description = "The policy that says who may assume the role."
  value       = aws_iam_role.this.assume_role_policy
}

output "package_key" {
  description = "The key of the package that the function is created from."
  value       = var.package.key
}

output "alarms" {
  value = [
    for alarm in concat(
      aws_cloudwatch_metric_alarm.errors[*],
      aws_cloudwatch_metric_alarm.throttles[*],
      aws_cloudwatch_metric_alarm.duration[*],
      ) : {
      arn         = alarm.arn
      name        = alarm.alarm_name
      description = alarm.alarm_description
      metrics     = 1
    }
  ]
}
