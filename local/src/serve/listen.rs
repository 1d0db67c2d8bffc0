//! The address to listen on.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use tokio::net::{TcpListener, lookup_host};

use crate::bad_input::BadInput;

/// The number of ports above a busy port that are tried, to suggest a free one.
const SUGGESTED_PORTS: u16 = 20;

/// A host, by name or by address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    host: String,
    port: u16,
}

impl FromStr for ListenAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected HOST:PORT, such as localhost:8080 or 127.0.0.1:0";
        let (host, port) = text.rsplit_once(':').ok_or(EXPECTED)?;
        // Only an IPv6 address contains colons, and then it is in brackets.
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        if host.is_empty() || (bare.is_none() && host.contains(':')) {
            return Err(EXPECTED);
        }
        Ok(Self {
            host: bare.unwrap_or(host).to_owned(),
            port: port.parse().map_err(|_| EXPECTED)?,
        })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host(), self.port)
    }
}

impl ListenAddress {
    /// Returns the host as an URL has it: an IPv6 address in brackets.
    pub(super) fn host(&self) -> Cow<'_, str> {
        match self.host.contains(':') {
            true => format!("[{}]", self.host).into(),
            false => self.host.as_str().into(),
        }
    }

    /// Listens on the address; of a name with several addresses, on the first IPv4
    /// address, which clients of `localhost` try too.
    ///
    /// # Errors
    /// [`BadInput`] for an unknown host or a port that is in use, with a free port.
    pub(super) async fn bind(&self) -> Result<TcpListener, BadInput> {
        let resolved = lookup_host((self.host.as_str(), self.port)).await;
        let mut addresses: Vec<SocketAddr> = match resolved {
            Ok(addresses) => addresses.collect(),
            Err(error) => return Err(BadInput(format!("cannot listen on {self}: {error}"))),
        };
        addresses.sort_by_key(SocketAddr::is_ipv6);
        let Some(address) = addresses.first() else {
            return Err(BadInput(format!(
                "cannot listen on {self}: the host has no address"
            )));
        };
        match TcpListener::bind(address).await {
            Ok(listener) => Ok(listener),
            Err(error) => Err(self.explain(&error, address.ip()).await),
        }
    }

    async fn explain(&self, error: &io::Error, ip: IpAddr) -> BadInput {
        if error.kind() != ErrorKind::AddrInUse {
            return BadInput(format!("cannot listen on {self}: {error}"));
        }
        let remedy = match free_port(ip, self.port).await {
            Some(port) => {
                let free = Self {
                    port,
                    ..self.clone()
                };
                format!("port {port} is free: --listen {free}")
            }
            None => "name another port with --listen HOST:PORT".to_owned(),
        };
        BadInput(format!(
            "cannot listen on {self}: another process uses port {}; {remedy}",
            self.port
        ))
    }
}

/// Returns a free port: the next one above `busy`, or else any.
async fn free_port(ip: IpAddr, busy: u16) -> Option<u16> {
    let above = (1..=SUGGESTED_PORTS).filter_map(|step| busy.checked_add(step));
    for port in above.chain([0]) {
        if let Ok(listener) = TcpListener::bind((ip, port)).await {
            return listener.local_addr().ok().map(|address| address.port());
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses() {
        for text in ["localhost:8080", "127.0.0.1:0", "[::1]:80"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "8080",
            ":8080",
            "localhost",
            "localhost:",
            "::1",
            "a:65536",
        ] {
            let error = text.parse::<ListenAddress>().unwrap_err();
            assert!(error.starts_with("expected HOST:PORT"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_is_resolved_and_a_busy_port_names_a_free_one() {
        let name: ListenAddress = "localhost:0".parse().unwrap();
        let listener = name.bind().await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let busy = ListenAddress { port, ..name };
        let error = busy.bind().await.unwrap_err().to_string();
        let start =
            format!("cannot listen on localhost:{port}: another process uses port {port}; port ");
        assert!(error.starts_with(&start), "{error}");
        let (_, free) = error.split_once("is free: --listen ").unwrap();
        free.parse::<ListenAddress>().unwrap().bind().await.unwrap();

        let unknown: ListenAddress = "no-such-host.invalid:80".parse().unwrap();
        let error = unknown.bind().await.unwrap_err().to_string();
        assert!(
            error.starts_with("cannot listen on no-such-host.invalid:80: "),
            "{error}"
        );
    }
}
