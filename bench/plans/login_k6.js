// Logs in without a pause: k6, signed in its JavaScript when BENCH_SIGN is set.

import http from "k6/http";
import crypto from "k6/crypto";
import { check } from "k6";
import { SharedArray } from "k6/data";

const ENDPOINT = __ENV.BENCH_ENDPOINT;
const HOST = ENDPOINT.replace("http://", "");
const REGION = __ENV.BENCH_REGION;
const IS_SIGNED = __ENV.BENCH_SIGN === "yes";
const TARGET = "AWSCognitoIdentityProviderService.InitiateAuth";
const AGENT = "aws-amplify/5.0.4 auth framework/5";
const SIGNED_HEADERS = "content-type;host;x-amz-date;x-amz-target;x-amz-user-agent";
const ACCOUNTS = new SharedArray("accounts", () =>
  open(__ENV.BENCH_USERS).trim().split("\n").slice(1).map((line) => line.trim().split(",")));

export const options = {
  vus: Number(__ENV.BENCH_CLIENTS),
  duration: "1h",
  summaryTrendStats: ["med"],
};

let signingDay = "";
let signingKey = null;

function keyOf(day) {
  if (day !== signingDay) {
    let key = `AWS4${__ENV.AWS_SECRET_ACCESS_KEY}`;
    for (const part of [day, REGION, "cognito-idp", "aws4_request"]) {
      key = crypto.hmac("sha256", key, part, "binary");
    }
    [signingDay, signingKey] = [day, key];
  }
  return signingKey;
}

function authorization(body, date) {
  const day = date.slice(0, 8);
  const scope = `${day}/${REGION}/cognito-idp/aws4_request`;
  const canonical = `POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:${HOST}\nx-amz-date:${date}\n` +
    `x-amz-target:${TARGET}\nx-amz-user-agent:${AGENT}\n\n${SIGNED_HEADERS}\n${crypto.sha256(body, "hex")}`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${crypto.sha256(canonical, "hex")}`;
  const signature = crypto.hmac("sha256", keyOf(day), text, "hex");
  return `AWS4-HMAC-SHA256 Credential=${__ENV.AWS_ACCESS_KEY_ID}/${scope}, ` +
    `SignedHeaders=${SIGNED_HEADERS}, Signature=${signature}`;
}

let turn = 0;

export default function () {
  const [username, password] = ACCOUNTS[(turn++ * options.vus + __VU) % ACCOUNTS.length];
  const body = JSON.stringify({
    AuthFlow: "USER_PASSWORD_AUTH",
    ClientId: __ENV.BENCH_CLIENT_ID,
    AuthParameters: { USERNAME: username, PASSWORD: password },
  });
  const headers = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": TARGET,
    "X-Amz-User-Agent": AGENT,
  };
  if (IS_SIGNED) {
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    headers["X-Amz-Date"] = date;
    headers["Authorization"] = authorization(body, date);
  }
  const response = http.post(`${ENDPOINT}/`, body, { headers });
  check(response.json("AuthenticationResult.AccessToken"), { "has a token": (token) => token !== undefined });
}

export function handleSummary(data) {
  const checks = data.metrics.checks ? data.metrics.checks.values : { passes: 0, fails: 0 };
  return { [__ENV.BENCH_STATISTICS]: JSON.stringify(checks) };
}
