//! The routes of the HTTP API, which code, Terraform and the documentation each list.

use std::collections::BTreeSet;

use crate::files::File;

/// A list of routes: the file or files that hold it, and how a line names a route.
struct Listing {
    path: &'static str,
    /// Returns the route of a line, as `GET /health`.
    route: fn(&str) -> Option<String>,
}

const LISTINGS: [Listing; 4] = [
    Listing {
        path: "crates/api/src/",
        route: of_code,
    },
    Listing {
        path: "crates/api/src/index.rs",
        route: of_index,
    },
    Listing {
        path: "infra/api.tf",
        route: of_terraform,
    },
    Listing {
        path: "docs/API.md",
        route: of_page,
    },
];

/// Returns the routes that one of the lists has and another lacks.
///
/// API Gateway answers 404 to a route that Terraform does not declare, and pays for
/// calls to a route that the code does not have.
pub fn unlisted(files: &[File]) -> Vec<String> {
    let routes = LISTINGS.map(|listing| {
        let routes: BTreeSet<String> = files
            .iter()
            .filter(|file| file.path.starts_with(listing.path))
            .flat_map(|file| {
                // Tests declare routes of their own.
                let code = file.text.split("\n#[cfg(test)]\n").next().unwrap_or("");
                code.lines().filter_map(listing.route)
            })
            .collect();
        (listing.path, routes)
    });
    let all: BTreeSet<&String> = routes.iter().flat_map(|(_, routes)| routes).collect();
    let mut breaches: Vec<String> = all
        .into_iter()
        .flat_map(|route| {
            routes
                .iter()
                .filter(move |(_, routes)| !routes.contains(route))
                .map(move |(path, _)| format!("{path} lacks {route}"))
        })
        .collect();
    breaches.extend(
        routes
            .iter()
            .filter(|(_, routes)| routes.is_empty())
            .map(|(path, _)| format!("{path} lists no route")),
    );
    breaches
}

/// Reads `.route("/health", get(health))`.
fn of_code(line: &str) -> Option<String> {
    let (path, rest) = line
        .trim_start()
        .strip_prefix(".route(\"")?
        .split_once("\", ")?;
    let (method, _) = rest.split_once('(')?;
    Some(format!("{} {path}", method.to_uppercase()))
}

/// Reads `route: "GET /health",`.
fn of_index(line: &str) -> Option<String> {
    let (route, _) = line
        .trim_start()
        .strip_prefix("route: \"")?
        .split_once('"')?;
    is_route(route).then(|| route.to_owned())
}

/// Reads `"GET /health" = "NONE"`.
fn of_terraform(line: &str) -> Option<String> {
    let (key, _) = line.trim_start().strip_prefix('"')?.split_once("\" ")?;
    is_route(key).then(|| key.to_owned())
}

/// Reads a table's row, as `| `GET /health` | … |`.
fn of_page(line: &str) -> Option<String> {
    let (route, _) = line.strip_prefix("| `")?.split_once('`')?;
    is_route(route).then(|| route.to_owned())
}

fn is_route(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(method, path)| {
        !method.is_empty()
            && method.chars().all(|c| c.is_ascii_uppercase())
            && path.starts_with('/')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "    Router::new()\n        .route(\"/health\", get(health))\n";
    const TERRAFORM: &str = "      \"GET /health\"                             = \"NONE\"\n    \
                             route_key              = \"GET /health\"\n";
    const PAGE: &str = "| `GET /health` | whether it can answer |\n| `GET` | a method |\n";

    const INDEX: &str = "        route: \"GET /health\",\n";

    fn files(code: &str, terraform: &str, page: &str) -> [File; 4] {
        [
            ("crates/api/src/routes.rs", code),
            ("crates/api/src/index.rs", INDEX),
            ("infra/api.tf", terraform),
            ("docs/API.md", page),
        ]
        .map(|(path, text)| File {
            path: path.to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn equal_lists_pass() {
        assert!(unlisted(&files(CODE, TERRAFORM, PAGE)).is_empty());
    }

    #[test]
    fn a_route_that_one_list_lacks_is_found() {
        let more = format!("{CODE}        .route(\"/v1/x\", post(x))\n");
        assert_eq!(
            unlisted(&files(&more, TERRAFORM, PAGE)),
            [
                "crates/api/src/index.rs lacks POST /v1/x",
                "infra/api.tf lacks POST /v1/x",
                "docs/API.md lacks POST /v1/x"
            ]
        );
        assert_eq!(
            unlisted(&files(CODE, "", PAGE)),
            [
                "infra/api.tf lacks GET /health",
                "infra/api.tf lists no route"
            ]
        );
    }
}
