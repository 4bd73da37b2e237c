// amazon-cognito-identity-js, one step for each line of standard input and one answer a line: {"step": [name, ...arguments]}.
'use strict';

const { createInterface } = require('node:readline');
const { AuthenticationDetails, CognitoUser, CognitoUserPool } = require('amazon-cognito-identity-js');

const [, , endpoint, UserPoolId, ClientId, Username] = process.argv;
const user = new CognitoUser({ Username, Pool: new CognitoUserPool({ UserPoolId, ClientId, endpoint }) });

const tokens = session => ({
	access: session.getAccessToken().getJwtToken(),
	refresh: session.getRefreshToken().getToken(),
	username: session.getAccessToken().decodePayload().username,
	isValid: session.isValid(),
});

const callbacks = (resolve, reject) => ({
	onSuccess: session => resolve(tokens(session)),
	onFailure: reject,
	newPasswordRequired: (attributes, required) => resolve({ challenge: 'NEW_PASSWORD_REQUIRED', attributes, required }),
});

const node = (resolve, reject) => (error, result) => (error ? reject(error) : resolve(result));

const steps = {
	logIn: (resolve, reject, Password) =>
		user.authenticateUser(new AuthenticationDetails({ Username, Password }), callbacks(resolve, reject)),
	newPassword: (resolve, reject, password) =>
		user.completeNewPasswordChallenge(password, {}, callbacks(resolve, reject)),
	refresh: (resolve, reject) =>
		user.refreshSession(
			user.getSignInUserSession().getRefreshToken(),
			node(session => resolve(tokens(session)), reject),
		),
	attributes: (resolve, reject) =>
		user.getUserAttributes(
			node(list => resolve(Object.fromEntries(list.map(one => [one.getName(), one.getValue()]))), reject),
		),
	signOutEverywhere: (resolve, reject) => user.globalSignOut({ onSuccess: resolve, onFailure: reject }),
};

(async () => {
	for await (const line of createInterface({ input: process.stdin })) {
		const [name, ...given] = JSON.parse(line);
		const answer = await new Promise((resolve, reject) => steps[name](resolve, reject, ...given)).catch(error => ({
			error: error.code || error.name,
			message: error.message,
		}));
		process.stdout.write(`${JSON.stringify(answer)}\n`);
	}
})();
