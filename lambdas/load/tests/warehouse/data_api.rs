//! The Data API's HTTP interface as the AWS SDK uses it: the calls of people and
//! tools, their limits and errors.

use std::slice::from_ref;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_redshiftdata::Client;
use aws_sdk_redshiftdata::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_redshiftdata::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use aws_sdk_redshiftdata::operation::execute_statement::builders::ExecuteStatementFluentBuilder;
use aws_sdk_redshiftdata::types::{Field, SqlParameter, StatusString};
use marquee_local_warehouse::copy::CopySource;
use marquee_local_warehouse::server::{Account, DataApiServer};
use marquee_local_warehouse::{Engine, FakeDataApi};
use object_store::memory::InMemory;

use crate::Postgresql;

const WORKGROUP: &str = "marquee";
const DATABASE: &str = "marquee";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:warehouse";

struct DataApi {
    server: DataApiServer,
    client: Client,
}

/// Starts a warehouse and returns it with its client.
async fn data_api(_: Postgresql) -> DataApi {
    let lake = CopySource {
        store: Arc::new(InMemory::new()),
        url: "s3://lake".into(),
        role: "arn:aws:iam::123456789012:role/copy".into(),
    };
    let account = Account {
        workgroup: WORKGROUP.into(),
        database: DATABASE.into(),
        secret: SECRET.into(),
    };
    let data_api = FakeDataApi::new(Engine::start(lake, None).await.unwrap());
    let server = DataApiServer::start(data_api, account).await.unwrap();
    let config = aws_sdk_redshiftdata::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .endpoint_url(server.endpoint())
        .build();
    DataApi {
        server,
        client: Client::from_conf(config),
    }
}

/// Returns the code and the message of a failed call.
fn error_of<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    answer: Result<T, SdkError<E>>,
) -> (String, String) {
    let error = answer.unwrap_err();
    let message = |message: Option<&str>| message.unwrap_or_default().to_owned();
    (message(error.code()), message(error.message()))
}

fn parameter(name: &str, value: &str) -> SqlParameter {
    let parameter = SqlParameter::builder().name(name).value(value).build();
    parameter.unwrap()
}

impl DataApi {
    fn execute(&self, sql: &str) -> ExecuteStatementFluentBuilder {
        let call = self.client.execute_statement().sql(sql);
        let call = call.workgroup_name(WORKGROUP).database(DATABASE);
        call.secret_arn(SECRET)
    }

    /// Runs a statement to its end and returns its id.
    async fn run(&self, name: &str, sql: &str) -> String {
        let call = self.execute(sql).statement_name(name);
        let id = call.send().await.unwrap().id.unwrap();
        self.end(&id).await;
        id
    }

    /// Submits two statements that run for a minute and returns their id.
    async fn run_long(&self, name: &str) -> String {
        self.server.data_api().set_pace(Duration::from_secs(30));
        let call = self.client.batch_execute_statement();
        let call = call
            .workgroup_name(WORKGROUP)
            .database(DATABASE)
            .secret_arn(SECRET)
            .statement_name(name)
            .sqls("CREATE TABLE left_over (n INTEGER)")
            .sqls("SELECT 1");
        let id = call.send().await.unwrap().id.unwrap();
        while self.describe(&id).await.status() != Some(&StatusString::Started) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.server.data_api().set_pace(Duration::ZERO);
        id
    }

    async fn describe(&self, id: &str) -> DescribeStatementOutput {
        self.client
            .describe_statement()
            .id(id)
            .send()
            .await
            .unwrap()
    }

    async fn end(&self, id: &str) -> DescribeStatementOutput {
        loop {
            let found = self.describe(id).await;
            match found.status().unwrap() {
                StatusString::Finished | StatusString::Failed | StatusString::Aborted => {
                    return found;
                }
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// Lists the ids with that status and name, `page` entries per page.
    async fn listed(&self, status: Option<StatusString>, name: &str, page: i32) -> Vec<String> {
        let call = self.client.list_statements().set_status(status);
        let call = call.statement_name(name).max_results(page);
        let mut pages = call.into_paginator().send();
        let mut ids = Vec::new();
        while let Some(page) = pages.next().await {
            ids.extend(page.unwrap().statements().iter().map(|s| s.id.clone()));
        }
        ids
    }
}

pub(crate) async fn a_statement_is_executed_and_its_result_paged(postgresql: Postgresql) {
    let api = data_api(postgresql).await;
    api.server.set_page_rows(2);
    let sql = "SELECT n AS number, CAST(n AS REAL) / 2 AS half, n > 2 AS more, \
               CASE WHEN n <> 2 THEN 'row ' || CAST(n AS VARCHAR) END AS message \
               FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS three \
               WHERE n <= CAST(:most AS INTEGER) ORDER BY n";
    let call = api.execute(sql).parameters(parameter("most", "3"));
    let taken = call.statement_name("three").send().await.unwrap();
    assert_eq!(taken.workgroup_name(), Some(WORKGROUP));
    assert_eq!(taken.database(), Some(DATABASE));
    assert_eq!(taken.secret_arn(), Some(SECRET));
    let id = taken.id.unwrap();

    let found = api.end(&id).await;
    assert_eq!(found.status(), Some(&StatusString::Finished));
    assert_eq!(found.has_result_set(), Some(true));
    assert_eq!(found.result_rows(), 3);
    assert_eq!(found.query_string(), Some(sql));
    assert_eq!(found.workgroup_name(), Some(WORKGROUP));
    assert_eq!(found.query_parameters(), [parameter("most", "3")]);
    assert!(found.sub_statements().is_empty());

    let pages = api.client.get_statement_result().id(&id);
    let mut pages = pages.into_paginator().send();
    let mut rows = Vec::new();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert_eq!(page.total_num_rows, 3);
        let names: Vec<&str> = page
            .column_metadata()
            .iter()
            .map(|c| c.name().unwrap())
            .collect();
        assert_eq!(names, ["number", "half", "more", "message"]);
        sizes.push(page.records().len());
        rows.extend(page.records);
    }
    assert_eq!(sizes, [2, 1]);
    assert_eq!(
        rows,
        [
            [
                Field::LongValue(1),
                Field::DoubleValue(0.5),
                Field::BooleanValue(false),
                Field::StringValue("row 1".into()),
            ],
            [
                Field::LongValue(2),
                Field::DoubleValue(1.0),
                Field::BooleanValue(false),
                Field::IsNull(true),
            ],
            [
                Field::LongValue(3),
                Field::DoubleValue(1.5),
                Field::BooleanValue(true),
                Field::StringValue("row 3".into()),
            ],
        ]
    );
    let call = api.client.get_statement_result().id(&id).next_token("x");
    let (code, message) = error_of(call.send().await);
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("ValidationException", "Invalid NextToken")
    );
}

pub(crate) async fn a_failed_statement_reports_the_cause_and_has_no_result(postgresql: Postgresql) {
    let api = data_api(postgresql).await;
    let cases = [
        (
            "SELECT * FROM nowhere",
            "relation \"nowhere\" does not exist",
        ),
        ("SELECT 1; SELECT 2", "cannot insert multiple commands"),
        ("SELECT 1 / 0 ;", "division by zero"),
    ];
    for (sql, cause) in cases {
        let id = api.run("wrong", sql).await;
        let found = api.describe(&id).await;
        assert_eq!(found.status(), Some(&StatusString::Failed), "{sql}");
        assert!(found.error().unwrap().contains(cause), "{found:?}");
        let answer = api.client.get_statement_result().id(&id).send().await;
        let error = answer.unwrap_err().into_service_error();
        assert!(error.is_resource_not_found_exception(), "{error:?}");
    }
    // A statement without rows has no result either.
    let id = api.run("made", "CREATE TABLE made (n INTEGER)").await;
    let found = api.describe(&id).await;
    assert_eq!(found.status(), Some(&StatusString::Finished));
    assert_eq!(found.has_result_set(), Some(false));
    let (code, _) = error_of(api.client.get_statement_result().id(&id).send().await);
    assert_eq!(code, "ResourceNotFoundException");
    let (code, message) = error_of(api.client.describe_statement().id("nobody").send().await);
    assert_eq!(code, "ResourceNotFoundException");
    assert_eq!(message, "Query nobody does not exist.");
}

pub(crate) async fn a_statement_beyond_the_limits_is_rejected(postgresql: Postgresql) {
    let api = data_api(postgresql).await;
    let long = format!("SELECT '{}'", "x".repeat(100 << 10));
    let calls = [
        (api.execute(&long), "the maximum is 102400"),
        (
            api.execute("SELECT 1").parameters(parameter("n", "1")),
            "unused parameters: n",
        ),
        (
            api.execute("SELECT :n"),
            "Parameter n is used, but was not given",
        ),
        (
            api.execute("SELECT :n").parameters(parameter("n", "")),
            "length greater than or equal to 1",
        ),
        (
            api.execute("SELECT 1").client_token("t".repeat(65)),
            "length between 1 and 64",
        ),
        (
            api.execute("SELECT 1").workgroup_name("another"),
            "Redshift endpoint doesn't exist",
        ),
        (
            api.execute("SELECT 1").database("another"),
            "Database name is missing or unknown",
        ),
        (
            api.execute("SELECT 1").secret_arn("another"),
            "Invalid secret",
        ),
    ];
    for (call, cause) in calls {
        let (code, message) = error_of(call.send().await);
        assert_eq!(code, "ValidationException", "{cause}");
        assert!(message.contains(cause), "{message}");
    }
    assert!(api.server.data_api().executions().is_empty());

    // A token belongs to one statement.
    let first = api
        .execute("SELECT 1")
        .client_token("one")
        .send()
        .await
        .unwrap();
    let second = api
        .execute("SELECT 1")
        .client_token("one")
        .send()
        .await
        .unwrap();
    assert_eq!(first.id, second.id);
    let (code, message) = error_of(api.execute("SELECT 2").client_token("one").send().await);
    assert_eq!(code, "ValidationException");
    assert!(
        message.contains("client token was used before"),
        "{message}"
    );
}

pub(crate) async fn statements_are_listed_by_status_and_name_a_page_at_a_time(
    postgresql: Postgresql,
) {
    let api = data_api(postgresql).await;
    let mut good = Vec::new();
    for number in 0..5 {
        good.push(api.run(&format!("good-{number}"), "SELECT 1").await);
    }
    let bad = api.run("bad", "SELECT 1 / 0").await;
    let running = api.run_long("long").await;

    // Without a status the list has the finished statements. A name matches as a
    // prefix.
    assert_eq!(api.listed(None, "", 2).await, good);
    assert_eq!(api.listed(None, "good-3", 100).await, good[3..4]);
    assert_eq!(
        api.listed(Some(StatusString::Failed), "", 0).await,
        from_ref(&bad)
    );
    assert_eq!(
        api.listed(Some(StatusString::Started), "", 1).await,
        from_ref(&running)
    );
    assert!(
        api.listed(Some(StatusString::Picked), "", 1)
            .await
            .is_empty()
    );
    let all = api.listed(Some(StatusString::All), "", 3).await;
    let everything = [&good[..], &[bad, running.clone()]].concat();
    assert_eq!(all, everything);

    let found = api
        .client
        .list_statements()
        .status(StatusString::All)
        .send()
        .await
        .unwrap();
    let first = &found.statements()[0];
    assert_eq!(first.query_string(), Some("SELECT 1"));
    assert_eq!(first.statement_name(), Some("good-0"));
    assert_eq!(first.is_batch_statement(), Some(false));
    let last = found.statements().last().unwrap();
    assert_eq!(last.is_batch_statement(), Some(true));
    assert_eq!(last.query_strings().len(), 2);

    let elsewhere = api.client.list_statements().workgroup_name("another");
    let elsewhere = elsewhere.database(DATABASE).send().await.unwrap();
    assert!(elsewhere.statements().is_empty());
    let list = || api.client.list_statements();
    let calls = [
        (list().max_results(101), "less than or equal to 100"),
        (list().max_results(-1), "invalid value"),
        (list().status(StatusString::from("DONE")), "enum value set"),
        (list().next_token("x"), "Invalid NextToken"),
    ];
    for (call, cause) in calls {
        let (code, message) = error_of(call.send().await);
        assert_eq!(code, "ValidationException", "{cause}");
        assert!(message.contains(cause), "{message}");
    }
}

pub(crate) async fn a_running_statement_can_be_cancelled_and_leaves_nothing(
    postgresql: Postgresql,
) {
    let api = data_api(postgresql).await;
    let id = api.run_long("long").await;
    let cancel = |id: &str| api.client.cancel_statement().id(id).send();
    assert_eq!(cancel(&id).await.unwrap().status(), Some(true));
    let found = api.describe(&id).await;
    assert_eq!(found.status(), Some(&StatusString::Aborted));
    let (code, _) = error_of(
        api.client
            .get_statement_result()
            .id(format!("{id}:2"))
            .send()
            .await,
    );
    assert_eq!(code, "ResourceNotFoundException");
    assert_eq!(
        api.listed(Some(StatusString::Aborted), "long", 0).await,
        from_ref(&id)
    );

    let sql = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'left_over'";
    let count = api.run("count", sql).await;
    let rows = api
        .client
        .get_statement_result()
        .id(&count)
        .send()
        .await
        .unwrap();
    assert_eq!(rows.records(), [[Field::LongValue(0)]]);

    // A finished statement cannot be cancelled; an unknown one is not found.
    for (id, state) in [(&id, "ABORTED"), (&count, "FINISHED")] {
        let (code, message) = error_of(cancel(id).await);
        assert_eq!(code, "ValidationException");
        assert!(
            message.contains(&format!("already in {state} state")),
            "{message}"
        );
    }
    let (code, _) = error_of(cancel("nobody").await);
    assert_eq!(code, "ResourceNotFoundException");
}
