"""The deployed HTTP API: requests as callers send them, compared with the lake's files."""

import contextlib
import json
import urllib.error
import urllib.parse
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lake import table_keys
from report import Failure, expect, until

# Longer than the timeout of API Gateway.
ASK_SECONDS = 35
# On AWS, new keys and permissions take a while to propagate.
PERMISSION_SECONDS = 120
# An unknown user id that needs percent-encoding in a path.
UNKNOWN_USER = "u-nobody knows Zoë"
NEWEST = ("event_date", "generation")
# The weights of the parts of a score: docs/API.md.
WEIGHTS = {"nearness": 0.4, "taste": 0.15, "popularity": 0.25, "rating": 0.2}


class Api:
    def __init__(self, place, url):
        self._place, self._url = place, url.rstrip("/")
        if not place.is_aws:
            # The host name of the API does not resolve here, and the emulator answers /health
            # of any host itself: use the emulator's path for the API.
            name = urllib.parse.urlsplit(url).netloc.split(".")[0]
            self._url = f"{place.endpoint}/_aws/execute-api/{name}"

    def ask(self, path, keys=None, is_signed=True, **parameters):
        """Returns the status and the JSON of a GET, signed with the run's own keys or with `keys`."""
        url = self._url + urllib.parse.quote(path) + ("?" + urllib.parse.urlencode(parameters) if parameters else "")
        request = AWSRequest("GET", url)
        if is_signed:
            region = self._place.environment["AWS_REGION"]
            SigV4Auth(keys or self._place.keys(), "execute-api", region).add_auth(request)
        signed = urllib.request.Request(url, headers=dict(request.headers))
        try:
            with urllib.request.urlopen(signed, timeout=ASK_SECONDS) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as refused:
            said = refused.read()
            try:
                return refused.code, json.loads(said)
            except ValueError:
                raise Failure(f"{url} returned {refused.code} without JSON: {said[:300]}") from None

    def answer(self, path, **parameters):
        status, answer = self.ask(path, **parameters)
        expect(status == 200, f"{path} {parameters} returned {status}: {answer}")
        return answer

    # --- authorization

    def refuses_strangers(self):
        """Without a signature only /health answers, and no path except the routes exists."""
        for path in ("/v1/titles/popular", "/v1/users/anybody/recommendations"):
            status, answer = self.ask(path, is_signed=False)
            expect(status in (401, 403), f"{path} returned {status} without a signature: {answer}")
        status, answer = self.ask("/health", is_signed=False)
        expect(status == 200, f"/health returned {status} without a signature: {answer}")
        status, answer = self.ask("/v1/titles")
        expect(status == 404, f"a path that is not a route returned {status}: {answer}")

    def answers_by_permission(self, user, policy, other):
        """A user with the caller policy gets an answer, a user with another policy does not."""
        iam = self._place.client("iam")

        def answered(keys, wanted):
            status, answer = self.ask("/v1/titles/popular", keys)
            if status == wanted:
                return True
            raise Failure(f"{user} got {status}: {answer}")

        with contextlib.ExitStack() as stack:
            iam.create_user(UserName=user)
            stack.callback(iam.delete_user, UserName=user)
            made = iam.create_access_key(UserName=user)["AccessKey"]
            stack.callback(iam.delete_access_key, UserName=user, AccessKeyId=made["AccessKeyId"])
            keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
            guessed = Credentials(made["AccessKeyId"], made["SecretAccessKey"][::-1])
            for attached, status in ((policy, 200), (other, 403)):
                iam.attach_user_policy(UserName=user, PolicyArn=attached)
                try:
                    until(f"status {status} with {attached}", PERMISSION_SECONDS, lambda: answered(keys, status))
                    answered(guessed, 403)
                finally:
                    iam.detach_user_policy(UserName=user, PolicyArn=attached)

    # --- responses

    def has_nothing(self):
        status, answer = self.ask("/health")
        expect((status, code_of(answer)) == (503, "nothing_published"),
               f"without published dates /health returned {status}: {answer}")

    def is_of(self, generation, seconds):
        """Waits until the API answers from that generation."""
        wanted = {name: generation[name] for name in NEWEST}

        def seen():
            answer = self.answer("/health")
            if answer == {"status": "ok", **wanted}:
                return wanted
            raise Failure(f"/health returned {answer}")

        return until(f"the API to answer from {wanted}", seconds, seen)

    def popular_equal(self, lake, generation):
        """Compares the popular titles with the table, in order; returns their number."""
        wanted = lake.rows(table_keys(generation, "title_popularity"),
                           "SELECT popularity_rank, title_id, name, viewers, watch_ms, completions "
                           "FROM files ORDER BY popularity_rank")
        for parameters, count in (({}, 20), ({"limit": 3}, 3), ({"limit": 100}, 100)):
            answer = self.answer("/v1/titles/popular", **parameters)
            self._is_of(answer, generation)
            found = [(each["rank"], each["title"]["title_id"], each["title"].get("name"), each["viewers"],
                      each["watch_ms"], each["completions"]) for each in answer["titles"]]
            expect(found == wanted[:count], f"popular titles {parameters}: the API has {found}, the table {wanted[:count]}")
        return len(wanted)

    def recommends_to_all(self, lake, generation):
        """Checks the recommendations of every viewer with a known taste; returns the number of
        viewers and of titles to continue."""
        users = [user for (user,) in lake.rows(
            table_keys(generation, "user_genre_affinity"), "SELECT DISTINCT user_id FROM files ORDER BY 1")]
        seen = {}
        for user, *row in lake.rows(table_keys(generation, "user_title"),
                                    "SELECT user_id, title_id, series_id, completion_rate, completed FROM files"):
            seen.setdefault(user, []).append(row)
        going_on = 0
        for user in users:
            answer = self.answer(f"/v1/users/{user}/recommendations", limit=10)
            self._is_of(answer, generation)
            expect((answer["user_id"], answer["basis"]) == (user, "history"), f"the answer for {user} is {answer}")
            expect(answer["recommendations"], f"there are no recommendations for {user}")
            are_ranked(answer, 10)
            are_new(answer, seen.get(user, []))
            go_on(answer, seen.get(user, []))
            going_on += len(answer["continue_watching"])
        expect(users and going_on, f"{len(users)} viewers have a taste, and none has a title to continue")
        return len(users), going_on

    def recommends_to_nobody(self, generation):
        """An unknown viewer gets popular titles."""
        answer = self.answer(f"/v1/users/{UNKNOWN_USER}/recommendations")
        self._is_of(answer, generation)
        expect((answer["user_id"], answer["basis"], answer["continue_watching"]) == (UNKNOWN_USER, "popular", []),
               f"the answer for {UNKNOWN_USER} is {answer}")
        expect(len(answer["recommendations"]) == 20, f"without a limit there are {len(answer['recommendations'])} recommendations, not 20")
        are_ranked(answer, 20)

    def refuses_nonsense(self):
        for path, parameters in (
            ("/v1/titles/popular", {"limit": "0"}), ("/v1/titles/popular", {"limit": "101"}),
            ("/v1/users/anybody/recommendations", {"limit": "many"}), ("/v1/titles/popular", {"top": "3"}),
            (f"/v1/users/{'u' * 129}/recommendations", {}),
        ):
            status, answer = self.ask(path, **parameters)
            expect((status, code_of(answer)) == (400, "bad_request") and answer["error"]["message"],
                   f"{path[:40]} {parameters} returned {status}: {answer}")

    def _is_of(self, answer, generation):
        expect(all(answer[name] == generation[name] for name in NEWEST),
               f"generation {generation['generation']} of {generation['event_date']} is published, "
               f"but the answer is from {answer['generation']} of {answer['event_date']}")


def code_of(answer):
    return answer["error"]["code"] if isinstance(answer.get("error"), dict) else None


def are_ranked(answer, limit):
    """Checks that ranks ascend, scores descend, and each score is the mean of its known parts."""
    found = answer["recommendations"]
    expect(len(found) <= limit and [each["rank"] for each in found] == list(range(1, len(found) + 1)),
           f"ranks are {[each['rank'] for each in found]}")
    scores = [each["score"] for each in found]
    expect(scores == sorted(scores, reverse=True) and all(0 <= score <= 1 for score in scores), f"scores are {scores}")
    for each in found:
        weights = {name: weight for name, weight in WEIGHTS.items() if name in each}
        mean = sum(weight * each[name] for name, weight in weights.items()) / sum(weights.values())
        expect(abs(mean - each["score"]) < 0.001, f"the score of {each} should be {mean}")
        expect(answer["basis"] == "history" or not {"nearness", "taste"} & set(each),
               f"{answer['user_id']} is unknown, but the answer has {each}")


def are_new(answer, seen):
    titles, series = {title for title, *_ in seen}, {of for _, of, *_ in seen if of}
    old = [each["title"]["title_id"] for each in answer["recommendations"]
           if each["title"]["title_id"] in titles or each["title"].get("series_id") in series]
    expect(not old, f"{answer['user_id']} has watched {old}, which is recommended")
    because = {each["because"] for each in answer["recommendations"] if "because" in each}
    expect(because <= titles, f"{answer['user_id']} has not watched {because - titles}, which a recommendation names as its reason")


def go_on(answer, seen):
    found = answer["continue_watching"]
    rates = {title: (rate, completed) for title, _, rate, completed in seen}
    expect(len(found) <= 10, f"{answer['user_id']} has {len(found)} titles to continue")
    for each in found:
        if each["reason"] == "resume":
            rate, completed = rates.get(each["title"]["title_id"], (None, None))
            expect(rate is not None and not completed and abs(rate - each["completion_rate"]) < 0.01,
                   f"{answer['user_id']} has watched {rate} of the title to resume: {each}")
        else:
            expect(each["reason"] == "next_episode" and each["after"] in rates,
                   f"{answer['user_id']} has not watched the episode before: {each}")
