//! Failed calls and their error messages.

use std::net::TcpListener;

use aws_sdk_glue::Client;
use aws_sdk_glue::config::retry::RetryConfig;
use aws_sdk_glue::config::{BehaviorVersion, Config, Credentials, Region};
use marquee_aws::GlueCatalog;
use marquee_table_catalog::{TableCatalog, TableCatalogError};

use crate::fake::{DATABASE, FakeGlue};
use crate::fixtures::{catalog, dated};

#[tokio::test]
async fn a_missing_database_is_reported_with_the_remedy() {
    let glue = FakeGlue::default();
    glue.contents().has_no_database = true;
    let error = catalog(&glue).advance(&dated(1)).await.unwrap_err();
    assert_eq!(
        action_and_cause(error),
        (
            "create table marquee.plays".to_owned(),
            "EntityNotFoundException: Database marquee not found.; Glue database marquee does not \
             exist in this account and region. Apply the Terraform configuration, which creates \
             it, or name the database that it created"
                .to_owned()
        )
    );
    assert_eq!(glue.operations(), ["GetTable", "CreateTable"]);
}

#[tokio::test]
async fn an_error_names_the_call_its_object_and_the_cause() {
    let glue = FakeGlue::default();
    glue.contents().refuses = Some(("AccessDeniedException", "not you"));
    let error = catalog(&glue).advance(&dated(1)).await.unwrap_err();
    let cause = "AccessDeniedException: not you".to_owned();
    assert_eq!(
        action_and_cause(error),
        ("get table marquee.plays".to_owned(), cause.clone())
    );
    for (operation, action) in [
        ("CreateTable", "create table marquee.plays"),
        (
            "GetPartition",
            "get partition event_date=2026-03-01 of table marquee.plays",
        ),
        (
            "CreatePartition",
            "create partition event_date=2026-03-01 of table marquee.plays",
        ),
    ] {
        let glue = FakeGlue::default();
        glue.before(operation, 1, |glue| {
            glue.refuses = Some(("AccessDeniedException", "not you"));
        });
        let error = catalog(&glue).advance(&dated(1)).await.unwrap_err();
        assert_eq!(action_and_cause(error), (action.to_owned(), cause.clone()));
    }
}

#[tokio::test]
async fn without_a_response_the_whole_chain_of_causes_is_reported() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(format!("http://{port}"))
        .build();
    let catalog = GlueCatalog::new(Client::from_conf(config), DATABASE, "s3://lake");
    let error = catalog.advance(&dated(1)).await.unwrap_err();
    let (action, cause) = action_and_cause(error);
    assert_eq!(action, "get table marquee.plays");
    assert!(cause.starts_with("dispatch failure: "), "{cause}");
    assert!(cause.contains("refused"), "{cause}");
}

fn action_and_cause(error: TableCatalogError) -> (String, String) {
    match error {
        TableCatalogError::Service { action, cause } => (action, cause.to_string()),
        other => panic!("{other}"),
    }
}
