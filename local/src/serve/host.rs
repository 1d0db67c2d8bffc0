//! The check of a request's host, against DNS rebinding.
//!
//! A page in a browser can point a name of its own at 127.0.0.1 and then read this API: for
//! the browser, both are one origin. The request's `Host` has the page's name.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

/// The names and addresses of loopback.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A host name or an address, without a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<Authority>() {
            Ok(authority) if authority.as_str() == authority.host() => Ok(Self::of(&authority)),
            _ => Err("expected a host without a port, such as marquee.example or [::1]"),
        }
    }
}

impl HostName {
    fn of(authority: &Authority) -> Self {
        let host = authority.host().to_ascii_lowercase();
        Self(host.strip_suffix('.').unwrap_or(&host).to_owned())
    }
}

/// The hosts that requests may name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AllowedHosts(BTreeSet<HostName>);

impl AllowedHosts {
    /// Returns the hosts of a server at `address`: on loopback its names, the name that the
    /// user gave for it, and `added`; elsewhere `added`. Returns `None` if a server elsewhere
    /// has no added host: it accepts any.
    pub(super) fn new(address: SocketAddr, given: &str, added: &[HostName]) -> Option<Self> {
        let mut hosts: BTreeSet<HostName> = added.iter().cloned().collect();
        if address.ip().to_canonical().is_loopback() {
            let names = LOOPBACK.into_iter().chain([given]);
            hosts.extend(names.filter_map(|name| name.parse().ok()));
        }
        (!hosts.is_empty()).then_some(Self(hosts))
    }

    /// Returns whether the request names an allowed host, in its URL and in its header.
    fn allow(&self, request: &Request) -> bool {
        let mut named = request.uri().authority().cloned().into_iter().peekable();
        let mut headers = request.headers().get_all(header::HOST).iter().peekable();
        if named.peek().is_none() && headers.peek().is_none() {
            return false;
        }
        named.all(|authority| self.0.contains(&HostName::of(&authority)))
            && headers.all(|value| {
                let authority = Authority::try_from(value.as_bytes());
                authority.is_ok_and(|authority| self.0.contains(&HostName::of(&authority)))
            })
    }
}

/// Answers a request that names another host with status 421.
pub(super) async fn check(
    State(allowed): State<Arc<AllowedHosts>>,
    request: Request,
    next: Next,
) -> Response {
    if allowed.allow(&request) {
        return next.run(request).await;
    }
    let error = json!({ "error": {
        "code": "unknown_host",
        "message": "the request names a host that this server does not have; \
                    --allow-host NAME adds one",
    }});
    (StatusCode::MISDIRECTED_REQUEST, Json(error)).into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn allowed(address: &str, given: &str, added: &[&str]) -> Option<AllowedHosts> {
        let added: Vec<HostName> = added.iter().map(|name| name.parse().unwrap()).collect();
        AllowedHosts::new(address.parse().unwrap(), given, &added)
    }

    fn allows(hosts: &AllowedHosts, uri: &str, named: &[&str]) -> bool {
        let mut request = Request::builder().uri(uri);
        for host in named {
            request = request.header(header::HOST, *host);
        }
        hosts.allow(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn loopback_accepts_its_own_names() {
        let hosts = allowed("127.0.0.1:8080", "my-machine", &["API.example."]).unwrap();
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "127.0.0.1:1",
            "[::1]:8080",
            "my-machine:8080",
            "api.example",
        ] {
            assert!(allows(&hosts, "/health", &[host]), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.2",
            "",
            "a b",
            "user@",
        ] {
            assert!(!allows(&hosts, "/health", &[host]), "{host}");
        }
        assert!(!allows(&hosts, "/health", &[]), "no host");
        assert!(!allows(&hosts, "/health", &["localhost", "evil.example"]));
        assert!(!allows(&hosts, "http://evil.example/", &["localhost"]));
        assert!(allows(&hosts, "http://localhost/", &["localhost"]));
    }

    #[test]
    fn other_addresses_accept_any_host_unless_one_is_added() {
        assert_eq!(allowed("0.0.0.0:80", "0.0.0.0", &[]), None);
        let hosts = allowed("0.0.0.0:80", "0.0.0.0", &["localhost"]).unwrap();
        assert!(allows(&hosts, "/", &["localhost:8080"]));
        assert!(!allows(&hosts, "/", &["0.0.0.0"]));
    }

    #[test]
    fn a_host_has_no_port() {
        for text in ["", "a:80", "a b", "http://a", "u@a", "::1"] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
        assert_eq!("[::1]".parse(), Ok(HostName("[::1]".to_owned())));
    }
}
