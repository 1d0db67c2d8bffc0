//! What cannot be done, and what is said then.

use std::net::TcpListener;

use aws_sdk_glue::Client;
use aws_sdk_glue::config::retry::RetryConfig;
use aws_sdk_glue::config::{BehaviorVersion, Config, Credentials, Region};
use marquee_aws::GlueCatalog;
use marquee_table_catalog::TableCatalog;

use crate::fake::{DATABASE, FakeGlue};
use crate::fixtures::{catalog, dated};

#[tokio::test]
async fn a_missing_database_is_named_with_what_makes_it() {
    let glue = FakeGlue::default();
    glue.contents().has_no_database = true;
    let error = catalog(&glue).bring_forward(&dated(1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the catalogue could not create table marquee.plays: EntityNotFoundException: Database \
         marquee not found.; there is no Glue database marquee in this account and region: \
         Terraform makes it, so apply the configuration, or name the database that it made"
    );
    assert_eq!(glue.operations(), ["GetTable", "CreateTable"]);
}

#[tokio::test]
async fn a_refusal_says_which_call_on_what_and_why() {
    let glue = FakeGlue::default();
    glue.contents().refuses = Some(("AccessDeniedException", "not you"));
    let error = catalog(&glue).bring_forward(&dated(1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the catalogue could not get table marquee.plays: AccessDeniedException: not you"
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
        let error = catalog(&glue).bring_forward(&dated(1)).await.unwrap_err();
        let told = format!("could not {action}: AccessDeniedException: not you");
        assert!(error.to_string().ends_with(&told), "{error}");
    }
}

#[tokio::test]
async fn without_an_answer_the_cause_is_told_to_its_end() {
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
    let error = catalog.bring_forward(&dated(1)).await.unwrap_err();
    let told = error.to_string();
    assert!(
        told.starts_with("the catalogue could not get table marquee.plays: dispatch failure: "),
        "{told}"
    );
    assert!(told.contains("refused"), "{told}");
}
