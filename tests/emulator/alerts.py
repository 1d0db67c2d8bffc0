"""A queue that hears what people would be told."""

import json

from report import Failure, until

ALERT_SECONDS = 60


class Alerts:
    """A queue subscribed to the topic, for as long as the run takes."""

    def __init__(self, place, topic):
        self._sqs, self._sns = place.client("sqs"), place.client("sns")
        self._url = self._sqs.create_queue(QueueName=f"marquee-{place.name}-heard")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]}
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(allow)})
        self._subscription = self._sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)["SubscriptionArn"]
        self.heard = []

    def listen(self, seconds):
        """What comes within that time."""
        found = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds)
        for message in found.get("Messages", []):
            self.heard.append(json.loads(message["Body"]))
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return self.heard

    def wait_for(self, *words):
        """The first alert that has all these words in it, in small letters."""
        def told():
            for alert in self.listen(1):
                text = f"{alert.get('Subject', '')}\n{alert['Message']}".lower()
                if all(word in text for word in words):
                    return alert
            raise Failure(f"it heard {[alert.get('Subject') for alert in self.heard]}")

        return until(f"an alert that says {', '.join(words)}", ALERT_SECONDS, told, every=0)

    def close(self):
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)
