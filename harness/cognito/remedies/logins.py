"""Logins that Cognito refuses: quotas, users, tokens, challenges."""

from __future__ import annotations

from typing import Final

from harness.cognito.remedies.row import Row
from harness.cognito.wire import CHALLENGE_UNANSWERED

ROWS: Final = (
    # Quotas
    Row(
        "TooManyRequestsException",
        "Rate exceeded",
        "More logins came than the account's quota in this region allows (UserAuthentication: 120/s over all its pools "
        "unless raised, and 10/s for one user).",
        "Lower --cognito-max-login-rate or use more accounts, or have the quota raised in Service Quotas before the "
        "test, knowing that production in the same account shares it.",
    ),
    Row(
        "TooManyRequestsException",
        "",
        "A quota of this account and region was used up, of which nobody knows how much production was using.",
        "Lower --cognito-max-login-rate, or have the quota raised in Service Quotas.",
    ),
    Row(
        "ThrottlingException",
        "",
        "AWS slowed this caller down before Cognito's own quotas were looked at.",
        "Lower the rate of calls, and look for another program that uses the same AWS keys.",
    ),
    Row(
        "LimitExceededException",
        "",
        "A limit on attempts was reached, such as mails, text messages or codes per user and day.",
        "Wait until the limit's period is over, or use accounts that have not been tried so often.",
    ),
    # The user
    Row(
        "NotAuthorizedException",
        "Incorrect username or password.",
        "The password is wrong, or the pool has no such user and hides that (PreventUserExistenceErrors).",
        "Check this user's row in the users file, and that the user exists in the pool that the client id belongs to.",
        is_of_account=True,
    ),
    Row(
        "NotAuthorizedException",
        "Password attempts exceeded",
        "Five or more failed logins locked the user out, for longer after each further one, up to about 15 minutes.",
        "Correct the password in the users file and wait 15 minutes without logging this user in anywhere.",
        is_of_account=True,
    ),
    Row(
        "NotAuthorizedException",
        "User is disabled.",
        "An administrator disabled the user.",
        "Enable the user by AdminEnableUser or in the console, or take the row out of the users file.",
        is_of_account=True,
    ),
    Row(
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.|Temporary password has expired",
        "The user never replaced the password of the invitation, and its days are over.",
        "Give the user a permanent password by AdminSetUserPassword (Permanent=true).",
        is_of_account=True,
    ),
    Row(
        "UserNotFoundException",
        "",
        "The pool has no user of this name, and says so (PreventUserExistenceErrors is LEGACY).",
        "Correct the username in the users file, or create the user in the pool that the client id belongs to.",
        is_of_account=True,
    ),
    Row(
        "UserNotConfirmedException",
        "",
        "The account was signed up but never confirmed.",
        "Confirm it by AdminConfirmSignUp, or in the console.",
        is_of_account=True,
    ),
    Row(
        "PasswordResetRequiredException",
        "",
        "An administrator or a user import demands that this user choose a new password.",
        "Give the user a permanent password by AdminSetUserPassword (Permanent=true).",
        is_of_account=True,
    ),
    # Refresh tokens, sessions, access tokens
    Row(
        "NotAuthorizedException",
        "Invalid Refresh Token.",
        "The refresh token was not made by this app client, or belongs to a device that is not named.",
        "Check that the client id did not change during the run, and that the pool does not remember devices.",
    ),
    Row(
        "NotAuthorizedException",
        "Refresh Token has been revoked",
        "RevokeToken or GlobalSignOut, by the application under test or by somebody else, ended this user's session.",
        "Find out which scenario signs users out, and give it accounts of its own.",
    ),
    Row(
        "NotAuthorizedException",
        "Refresh Token has expired",
        "The run lasts longer than the app client's refresh token validity.",
        "Nothing, since a full login follows, or raise the client's refresh token validity if that load is unwanted.",
    ),
    Row(
        "RefreshTokenReuseException",
        "",
        "The app client rotates refresh tokens, and one that was replaced already was used again.",
        "Give each account to one user only, or lengthen the client's grace period for rotated tokens.",
    ),
    Row(
        "NotAuthorizedException",
        "Invalid session for the user, session is expired.",
        "The answer to a challenge came after the minutes that its session lives.",
        "Look for a generator that is overloaded, or raise the app client's authentication session duration.",
    ),
    Row(
        "NotAuthorizedException",
        "Invalid session for the user, session can only be used once.|session can only be used once",
        "The same answer to a challenge was sent twice.",
        "Look for a proxy between here and Cognito that sends requests again.",
    ),
    Row(
        "NotAuthorizedException",
        "Access Token has been revoked",
        "The user was signed out everywhere after this token was made.",
        "Find out which scenario signs users out, and give it accounts of its own.",
    ),
    Row(
        "NotAuthorizedException",
        "Access Token has expired",
        "The token outlived the app client's access token validity.",
        "Compare this machine's clock with the time, and ExpiresIn with the client's access token validity.",
    ),
    Row(
        "NotAuthorizedException",
        "",
        "Cognito refuses this user or this client for the reason in its message.",
        "Look at the user's status (AdminGetUser) and the app client's settings, and read the message against them.",
        is_of_account=True,
    ),
    Row(
        "InvalidParameterException",
        "",
        "The call holds a value that this pool or client does not take; the message says which.",
        "Compare the users file, --cognito-flow and the app client's settings with what the message names.",
        is_of_account=True,
    ),
    # Challenges
    Row(
        "InvalidPasswordException",
        "",
        "The new password does not meet the pool's password policy.",
        "Choose one that does in the column `new_password` of the users file.",
        is_of_account=True,
    ),
    Row(
        "PasswordHistoryPolicyViolationException",
        "",
        "The new password is one of the user's last ones, which the pool's policy forbids.",
        "Choose another one in the column `new_password` of the users file.",
        is_of_account=True,
    ),
    Row(
        "CodeMismatchException",
        "",
        "The code that answered a challenge is wrong.",
        "Correct the column `totp_secret`, this machine's clock, or the function that reads the codes.",
        is_of_account=True,
    ),
    Row(
        "ExpiredCodeException",
        "",
        "The code that answered a challenge came too late or was used before.",
        "Compare this machine's clock with the time, and use no account for two logins at once.",
        is_of_account=True,
    ),
    Row(
        "MFAMethodNotFoundException",
        "",
        "The pool demands a second factor that it has no way to send.",
        "Set up a factor for the test users, or use a pool whose multi-factor authentication is optional.",
        is_of_account=True,
    ),
    Row(
        "SoftwareTokenMFANotFoundException",
        "",
        "The pool demands an authenticator app that this user never set up.",
        "Register a software token for the user, or use a pool whose multi-factor authentication is optional.",
        is_of_account=True,
    ),
    Row(
        CHALLENGE_UNANSWERED,
        "NEW_PASSWORD_REQUIRED: the pool also requires attributes",
        "The pool requires attributes that this user, made by an administrator, has no values for.",
        "Set them by AdminUpdateUserAttributes, and the password by AdminSetUserPassword (Permanent=true).",
        is_of_account=True,
    ),
    Row(
        CHALLENGE_UNANSWERED,
        "NEW_PASSWORD_REQUIRED",
        "The user still has the temporary password of an administrator, and no new one is configured.",
        "Put one into the column `new_password` of the users file, or give the user a permanent password by "
        "AdminSetUserPassword (Permanent=true).",
        is_of_account=True,
    ),
    Row(
        CHALLENGE_UNANSWERED,
        "SOFTWARE_TOKEN_MFA",
        "The user has an authenticator app, and nothing here makes its codes.",
        "Put the authenticator's secret (base32) into the column `totp_secret` of the users file.",
        is_of_account=True,
    ),
    Row(
        CHALLENGE_UNANSWERED,
        "MFA|_OTP|CUSTOM_CHALLENGE",
        "The user has to give a code or an answer, which nothing here is configured to do.",
        "Give install() a function that answers it (docs/flows.md), or use test users without it.",
        is_of_account=True,
    ),
    Row(
        CHALLENGE_UNANSWERED,
        "",
        "Cognito asks for a step that the flow does not have.",
        "Choose the --cognito-flow that the app client is made for, or test users without this challenge.",
        is_of_account=True,
    ),
)
