"""A queue that receives the alerts that people would receive."""

import json

from report import Failure, until

ALERT_SECONDS = 60


class Alerts:
    """A queue that is subscribed to the topic for the duration of the run."""

    def __init__(self, place, topic):
        self._sqs, self._sns = place.client("sqs"), place.client("sns")
        self._url = self._sqs.create_queue(QueueName=f"marquee-{place.name}-received-alerts")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]}
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(allow)})
        self._subscription = self._sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)["SubscriptionArn"]
        self.received = []

    def receive(self, seconds):
        """Returns all alerts received so far, after waiting at most that time for more."""
        found = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds)
        for message in found.get("Messages", []):
            self.received.append(json.loads(message["Body"]))
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return self.received

    def wait_for(self, *words):
        """Returns the first alert that contains all these words, given in lower case."""
        def matching():
            for alert in self.receive(1):
                text = f"{alert.get('Subject', '')}\n{alert['Message']}".lower()
                if all(word in text for word in words):
                    return alert
            raise Failure(f"received {[alert.get('Subject') for alert in self.received]}")

        return until(f"an alert with {', '.join(words)}", ALERT_SECONDS, matching, every=0)

    def close(self):
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)
