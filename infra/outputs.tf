output "stream_name" {
  description = "Where events are put."
  value       = aws_kinesis_stream.events.name
}

output "producer_policy_arn" {
  description = "Attach it to whoever sends events."
  value       = aws_iam_policy.producer.arn
}

output "analyst_policy_arn" {
  description = "Attach it to whoever asks questions."
  value       = aws_iam_policy.analyst.arn
}

output "caller_policy_arn" {
  description = "Attach it to whoever asks the API; null where tokens are asked for, or without the API."
  value       = one([for policy in aws_iam_policy.caller : policy.arn])
}

output "api_url" {
  description = "Where the API answers (docs/API.md); null without it."
  value       = one([for api in aws_apigatewayv2_api.this : api.api_endpoint])
}

output "lake_bucket" {
  description = "The bucket of the lake."
  value       = module.lake.name
}

output "lake_url" {
  description = "Where the lake is."
  value       = local.lake_url
}

output "database" {
  description = "The Glue database."
  value       = aws_glue_catalog_database.lake.name
}

output "workgroup" {
  description = "The Athena workgroup."
  value       = aws_athena_workgroup.this.name
}

output "dashboard_url" {
  description = "Is it well?"
  value       = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${local.prefix}"
}

output "topic_arn" {
  description = "Where alerts go."
  value       = aws_sns_topic.alerts.arn
}

output "state_machine_arns" {
  description = "daily, backfill and replay."
  value       = { for machine in local.machines : machine => aws_sfn_state_machine.this[machine].arn }
}

output "function_names" {
  description = "The functions, by the name that the contract gives them."
  value       = { for name, function in local.functions : name => function.name }
}

output "roll_out" {
  description = "Commands that give every function the package uploaded last: terraform output -raw roll_out | sh"
  value = join("\n", concat(
    [
      for name, function in local.functions :
      "aws lambda update-function-code --function-name ${function.name} --s3-bucket ${module.artifacts.name} --s3-key ${function.package_key} --query CodeSha256"
    ],
    [""],
  ))
}
