/**
 * Removes the temporary directories of CDK apps after each test file, as `aws-cdk-lib/testhelpers/jest-autoclean` does, which would load
 * a part of CDK for every file: most have no app.
 */
const cxApi = require.resolve('aws-cdk-lib/cx-api');

afterAll(() => {
  if (cxApi in require.cache) require(cxApi).CloudAssembly.cleanupTemporaryDirectories();
});
