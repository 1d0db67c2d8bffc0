output "stream_name" {
  description = "Name of the Kinesis stream for events."
  value       = aws_kinesis_stream.events.name
}

output "producer_policy_arn" {
  description = "Policy for producers: attach it to their role."
  value       = aws_iam_policy.producer.arn
}

output "analyst_policy_arn" {
  description = "Policy for Athena users: attach it to their role."
  value       = aws_iam_policy.analyst.arn
}

output "caller_policy_arn" {
  description = "Policy for callers of the API: attach it to their role. Null if callers use tokens, or without the API."
  value       = one([for policy in aws_iam_policy.caller : policy.arn])
}

output "api_url" {
  description = "Address of the API (docs/API.md); null without the API."
  value       = one([for api in aws_apigatewayv2_api.this : api.api_endpoint])
}

output "lake_bucket" {
  description = "Name of the lake's bucket."
  value       = module.lake.name
}

output "lake_url" {
  description = "URL of the lake."
  value       = local.lake_url
}

output "database" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.lake.name
}

output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = aws_athena_workgroup.this.name
}

output "dashboard_url" {
  description = "Address of the CloudWatch dashboard; null without one."
  value       = !var.dashboard_enabled ? null : "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${local.prefix}"
}

output "topic_arn" {
  description = "ARN of the topic for alerts."
  value       = aws_sns_topic.alerts.arn
}

output "state_machine_arns" {
  description = "ARNs of the state machines daily, backfill and replay."
  value       = { for machine in local.machines : machine => aws_sfn_state_machine.this[machine].arn }
}

output "function_names" {
  description = "Names of the functions, by their names in docs/adr/0006-on-aws.md."
  value       = { for name, function in local.functions : name => function.name }
}

output "roll_out" {
  description = "Commands that deploy the last uploaded package to every function. Run: terraform output -raw roll_out | sh"
  value = join("\n", concat(
    [
      for name, function in local.functions :
      "aws lambda update-function-code --function-name ${function.name} --s3-bucket ${module.artifacts.name} --s3-key ${function.package_key} --query CodeSha256"
    ],
    [""],
  ))
}
