"""Queries in Athena."""

from report import Failure, until

QUERY_SECONDS = 60


class Athena:
    def __init__(self, place, workgroup, database):
        self._client = place.client("athena")
        self._workgroup, self._database = workgroup, database

    def saved(self):
        """Returns the workgroup's saved queries by name, those that create views first."""
        found = {}
        for page in self._client.get_paginator("list_named_queries").paginate(WorkGroup=self._workgroup):
            for query in page["NamedQueryIds"]:
                named = self._client.get_named_query(NamedQueryId=query)["NamedQuery"]
                found[named["Name"]] = named["QueryString"]
        return dict(sorted(found.items(), key=lambda each: (not each[0].startswith("views/"), each[0])))

    def ask(self, query):
        """Runs a query; returns the rows of the result as text."""
        execution = self._client.start_query_execution(
            QueryString=query, WorkGroup=self._workgroup, QueryExecutionContext={"Database": self._database}
        )["QueryExecutionId"]

        def ended():
            status = self._client.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
            return status if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED") else None

        status = until("the result of a query", QUERY_SECONDS, ended)
        if status["State"] != "SUCCEEDED":
            raise Failure(f"the query ended with {status['State']}: {status.get('StateChangeReason')}\n{query}")
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=execution)
        rows = [row for page in pages for row in page["ResultSet"]["Rows"]]
        return [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in rows[1:]]
