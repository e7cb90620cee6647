"""The API page tells all of /openapi.json and tries it."""

import json
import urllib.request

from playwright.sync_api import expect


def test_every_operation_is_there(page, base_url):
    with urllib.request.urlopen(f"{base_url}/openapi.json") as answer:
        document = json.load(answer)
    operations = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    page.goto("/docs")
    for name in operations:
        expect(page.locator(f"#{name}")).to_be_visible()
    expect(page.locator("#contents a")).to_have_count(len(operations))
    for name in document["components"]["schemas"]:
        expect(page.locator(f"#schema-{name}")).to_be_visible()


def test_an_example_is_sent_and_answered(page):
    page.goto("/docs")
    article = page.locator("#v1_detect")
    article.get_by_text("Try it").click()
    expect(article.get_by_label("curl command")).to_contain_text("--data-binary")
    article.get_by_label("detector").select_option("rolling_zscore")
    expect(article.get_by_label("curl command")).to_contain_text("detector=rolling_zscore")
    article.get_by_label("Content type").select_option("text/csv")
    article.get_by_role("button", name="Send").click()
    expect(article.locator(".status")).to_contain_text("Status 200")
    expect(article.get_by_label("Response")).to_contain_text('"is_anomaly"')


def test_a_refused_request_shows_its_status_and_sentence(page):
    page.goto("/docs#v1_demo_series")
    article = page.locator("#v1_demo_series")
    article.get_by_text("Try it").click()
    article.get_by_label("points").fill("1")
    article.get_by_role("button", name="Send").click()
    expect(article.locator(".status")).to_contain_text("Status 400")
    expect(article.get_by_label("Response")).to_contain_text("bad_parameter")


def test_a_link_to_a_schema_opens_it(page):
    page.goto("/docs#schema-Event")
    expect(page.locator("#schema-Event")).to_have_attribute("open", "")
