-- Logs in without a pause: wrk, one account.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-amz-json-1.1"
wrk.headers["X-Amz-Target"] = "AWSCognitoIdentityProviderService.InitiateAuth"
wrk.headers["X-Amz-User-Agent"] = "aws-amplify/5.0.4 auth framework/5"
wrk.body = '{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"' .. os.getenv("BENCH_CLIENT_ID")
  .. '","AuthParameters":{"USERNAME":"bench-user-0001@example.com","PASSWORD":"Bench-Passw0rd-0001"}}'
