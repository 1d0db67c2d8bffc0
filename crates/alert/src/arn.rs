//! Amazon resource names, and links to the AWS console.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// An Amazon resource name: `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn(String);

impl Arn {
    /// Parses an ARN; returns `None` if `text` is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = text.splitn(6, ':').count();
        (parts == 6 && text.starts_with("arn:")).then(|| Self(text.to_owned()))
    }

    /// Returns the ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// Returns the region.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// Returns the part after the account: `execution:daily:one`.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// Returns the name of the resource: its second part, or the only part. For an
    /// execution this is the state machine's name. A distributed map's runs are named
    /// `{machine}/{run}`; for these the machine's name is returned.
    pub fn name(&self) -> &str {
        let resource = self.resource();
        let name = match resource.split_once(':') {
            Some((_, rest)) => rest.split(':').next().unwrap_or_default(),
            None => resource.rsplit('/').next().unwrap_or_default(),
        };
        name.split('/').next().unwrap_or_default()
    }

    /// Returns the console of the ARN's partition and region.
    pub fn console(&self) -> Console<'_> {
        Console {
            partition: self.part(1),
            region: self.region(),
        }
    }
}

/// The AWS console of one region.
#[derive(Debug, Clone, Copy)]
pub struct Console<'a> {
    partition: &'a str,
    region: &'a str,
}

impl Console<'_> {
    fn page(self, service: &str, place: &str) -> String {
        let region = self.region;
        let domain = match self.partition {
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        format!("https://{region}.{domain}/{service}/home?region={region}#{place}")
    }

    /// Returns the link to an execution of a state machine.
    pub fn execution(self, execution: &Arn) -> String {
        let place = format!("/v2/executions/details/{}", execution.as_str());
        self.page("states", &place)
    }

    /// Returns the link to a function's log group.
    pub fn log_group(self, function: &str) -> String {
        let group = escape(&format!("/aws/lambda/{function}"), "$25");
        let place = format!("logsV2:log-groups/log-group/{group}");
        self.page("cloudwatch", &place)
    }

    /// Returns the link to a CloudWatch alarm.
    pub fn alarm(self, name: &str) -> String {
        let place = format!("alarmsV2:alarm/{}", escape(name, "%"));
        self.page("cloudwatch", &place)
    }
}

/// The characters that a link cannot contain.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Escapes each byte that a link cannot contain as `mark` and two hexadecimal digits.
/// The console's log pages expect `$25` as the mark, the other pages `%`.
fn escape(text: &str, mark: &str) -> String {
    utf8_percent_encode(text, ESCAPED)
        .to_string()
        .replace('%', mark)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed() {
        for (arn, name) in [
            (
                "arn:aws:states:us-east-1:1:execution:m-daily:one",
                "m-daily",
            ),
            (
                "arn:aws:states:us-east-1:1:execution:m-daily/buckets:one",
                "m-daily",
            ),
            ("arn:aws:states:us-east-1:1:stateMachine:m-daily", "m-daily"),
            ("arn:aws:sqs:us-east-1:1:m-dead-letters", "m-dead-letters"),
            ("arn:aws:events:us-east-1:1:rule/m-failed", "m-failed"),
            ("arn:aws:lambda:us-east-1:1:function:m-plan:7", "m-plan"),
        ] {
            assert_eq!(Arn::parse(arn).unwrap().name(), name, "{arn}");
        }
        for invalid in ["", "arn", "arn:aws:sqs", "urn:aws:sqs:r:1:q"] {
            assert_eq!(Arn::parse(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn links_open_the_console_of_the_partition() {
        let arn = Arn::parse("arn:aws-cn:states:cn-north-1:1:execution:m-daily:one").unwrap();
        assert_eq!(
            arn.console().execution(&arn),
            "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1\
             #/v2/executions/details/arn:aws-cn:states:cn-north-1:1:execution:m-daily:one"
        );
        assert_eq!(
            arn.console().log_group("m-plan"),
            "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1\
             #logsV2:log-groups/log-group/$252Faws$252Flambda$252Fm-plan"
        );
        assert_eq!(
            arn.console().alarm("too old"),
            "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1\
             #alarmsV2:alarm/too%20old"
        );
    }
}
