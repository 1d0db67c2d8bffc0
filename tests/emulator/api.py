"""The deployed HTTP API, asked as its callers ask it, and held to the lake's files."""

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

# Longer than API Gateway waits for the function.
ASK_SECONDS = 35
# On AWS a key or a right made just now is not known everywhere at once.
RIGHTS_SECONDS = 120
# What no path may hold as it is, and nobody is called.
NOBODY = "nobody knows Zoë"
NEWEST = ("event_date", "generation")
# What each part of a score weighs: docs/API.md.
WEIGHTS = {"nearness": 0.4, "taste": 0.15, "popularity": 0.25, "rating": 0.2}


class Api:
    def __init__(self, place, url):
        self._place, self._url = place, url.rstrip("/")
        if not place.is_aws:
            # The API's own name leads nowhere here, and of every name the emulator takes
            # /health for its own: it has a path for each API.
            name = urllib.parse.urlsplit(url).netloc.split(".")[0]
            self._url = f"{place.endpoint}/_aws/execute-api/{name}"

    def ask(self, path, keys=None, is_signed=True, **parameters):
        """The status and the answer of a GET; signed by the place's own keys, or others."""
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
                raise Failure(f"{url} is answered {refused.code} without JSON: {said[:300]}") from None

    def answer(self, path, **parameters):
        status, answer = self.ask(path, **parameters)
        expect(status == 200, f"{path} {parameters} is answered {status}: {answer}")
        return answer

    # --- who is answered

    def refuses_strangers(self):
        """Without a signature there is only /health, and no other path than the routes."""
        for path in ("/v1/titles/popular", "/v1/users/anybody/recommendations"):
            status, answer = self.ask(path, is_signed=False)
            expect(status in (401, 403), f"{path} is answered {status} without a signature: {answer}")
        status, answer = self.ask("/health", is_signed=False)
        expect(status == 200, f"/health is answered {status} without a signature: {answer}")
        status, answer = self.ask("/v1/titles")
        expect(status == 404, f"a path that is no route is answered {status}: {answer}")

    def answers_by_right(self, user, right, other):
        """Who has the caller's right is answered, and who has another is not."""
        iam = self._place.client("iam")

        def answered(keys, wanted):
            status, answer = self.ask("/v1/titles/popular", keys)
            if status == wanted:
                return True
            raise Failure(f"{user} is answered {status}: {answer}")

        with contextlib.ExitStack() as stack:
            iam.create_user(UserName=user)
            stack.callback(iam.delete_user, UserName=user)
            made = iam.create_access_key(UserName=user)["AccessKey"]
            stack.callback(iam.delete_access_key, UserName=user, AccessKeyId=made["AccessKeyId"])
            keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
            guessed = Credentials(made["AccessKeyId"], made["SecretAccessKey"][::-1])
            for policy, status in ((right, 200), (other, 403)):
                iam.attach_user_policy(UserName=user, PolicyArn=policy)
                try:
                    until(f"an answer by {policy}", RIGHTS_SECONDS, lambda: answered(keys, status))
                    answered(guessed, 403)
                finally:
                    iam.detach_user_policy(UserName=user, PolicyArn=policy)

    # --- what is answered

    def has_nothing(self):
        status, answer = self.ask("/health")
        expect((status, code_of(answer)) == (503, "nothing_published"),
               f"with nothing published /health is answered {status}: {answer}")

    def is_of(self, generation, seconds):
        """It answers from that generation, as soon as it has seen it."""
        wanted = {name: generation[name] for name in NEWEST}

        def seen():
            answer = self.answer("/health")
            if answer == {"status": "ok", **wanted}:
                return wanted
            raise Failure(f"/health says {answer}")

        return until(f"the API to answer from {wanted}", seconds, seen)

    def popular_equal(self, lake, generation):
        """The popular titles are the table's, in its order; how many."""
        wanted = lake.rows(table_keys(generation, "title_popularity"),
                           "SELECT popularity_rank, title_id, name, viewers, watch_ms, completions "
                           "FROM files ORDER BY popularity_rank")
        for parameters, count in (({}, 20), ({"limit": 3}, 3), ({"limit": 100}, 100)):
            answer = self.answer("/v1/titles/popular", **parameters)
            self._is_of(answer, generation)
            found = [(each["rank"], each["title"]["title_id"], each["title"].get("name"), each["viewers"],
                      each["watch_ms"], each["completions"]) for each in answer["titles"]]
            expect(found == wanted[:count], f"popular {parameters} are {found}, the table has {wanted[:count]}")
        return len(wanted)

    def recommends_to_all(self, lake, generation):
        """Everybody whose taste is known is recommended what they have not seen; how many
        they are, and how much there is to go on with."""
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
            expect((answer["user_id"], answer["basis"]) == (user, "history"), f"{user} is answered {answer}")
            expect(answer["recommendations"], f"nothing is recommended to {user}")
            are_ranked(answer, 10)
            are_new(answer, seen.get(user, []))
            go_on(answer, seen.get(user, []))
            going_on += len(answer["continue_watching"])
        expect(users and going_on, f"{len(users)} have a taste, and nobody something to go on with")
        return len(users), going_on

    def recommends_to_nobody(self, generation):
        """Whom nobody has seen is recommended what others watch."""
        answer = self.answer(f"/v1/users/{NOBODY}/recommendations")
        self._is_of(answer, generation)
        expect((answer["user_id"], answer["basis"], answer["continue_watching"]) == (NOBODY, "popular", []),
               f"{NOBODY} is answered {answer}")
        expect(len(answer["recommendations"]) == 20, f"without a limit there are {len(answer['recommendations'])}, not 20")
        are_ranked(answer, 20)

    def refuses_nonsense(self):
        for path, parameters in (
            ("/v1/titles/popular", {"limit": "0"}), ("/v1/titles/popular", {"limit": "101"}),
            ("/v1/users/anybody/recommendations", {"limit": "many"}), ("/v1/titles/popular", {"top": "3"}),
            (f"/v1/users/{'u' * 129}/recommendations", {}),
        ):
            status, answer = self.ask(path, **parameters)
            expect((status, code_of(answer)) == (400, "bad_request") and answer["error"]["message"],
                   f"{path[:40]} {parameters} is answered {status}: {answer}")

    def _is_of(self, answer, generation):
        expect(all(answer[name] == generation[name] for name in NEWEST),
               f"generation {generation['generation']} of {generation['event_date']} is published, "
               f"the answer is of {answer['generation']} of {answer['event_date']}")


def code_of(answer):
    return answer["error"]["code"] if isinstance(answer.get("error"), dict) else None


def are_ranked(answer, limit):
    """Ranks count up, scores go down, and each is the mean of the parts that are known."""
    found = answer["recommendations"]
    expect(len(found) <= limit and [each["rank"] for each in found] == list(range(1, len(found) + 1)),
           f"ranks are {[each['rank'] for each in found]}")
    scores = [each["score"] for each in found]
    expect(scores == sorted(scores, reverse=True) and all(0 <= score <= 1 for score in scores), f"scores are {scores}")
    for each in found:
        weights = {name: weight for name, weight in WEIGHTS.items() if name in each}
        mean = sum(weight * each[name] for name, weight in weights.items()) / sum(weights.values())
        expect(abs(mean - each["score"]) < 0.001, f"the score of {each} is to be {mean}")
        expect(answer["basis"] == "history" or not {"nearness", "taste"} & set(each),
               f"nothing is known of {answer['user_id']}, who is answered {each}")


def are_new(answer, seen):
    titles, series = {title for title, *_ in seen}, {of for _, of, *_ in seen if of}
    old = [each["title"]["title_id"] for each in answer["recommendations"]
           if each["title"]["title_id"] in titles or each["title"].get("series_id") in series]
    expect(not old, f"{answer['user_id']} has seen {old}, and is recommended it")
    because = {each["because"] for each in answer["recommendations"] if "because" in each}
    expect(because <= titles, f"{answer['user_id']} has not seen {because - titles}, the reason of recommendations")


def go_on(answer, seen):
    found = answer["continue_watching"]
    rates = {title: (rate, completed) for title, _, rate, completed in seen}
    expect(len(found) <= 10, f"{answer['user_id']} has {len(found)} to go on with")
    for each in found:
        if each["reason"] == "resume":
            rate, completed = rates.get(each["title"]["title_id"], (None, None))
            expect(rate is not None and not completed and abs(rate - each["completion_rate"]) < 0.01,
                   f"{answer['user_id']} has seen {rate} of what is to be resumed: {each}")
        else:
            expect(each["reason"] == "next_episode" and each["after"] in rates,
                   f"{answer['user_id']} has not seen what comes before: {each}")
