//! Secrets: SecureStrings of the SSM Parameter Store. CloudFormation cannot create them; an operator's command does.

use crate::Aws;
use anyhow::{Context, bail};

/// The decrypted values of `names`, in their order, by one call (GetParameters takes up to 10 names).
pub async fn load<const N: usize>(aws: &Aws, names: [String; N]) -> anyhow::Result<[String; N]> {
    let answer =
        aws.ssm().get_parameters().set_names(Some(names.to_vec())).with_decryption(true).send().await.context("reading the secrets")?;
    if let [missing, ..] = answer.invalid_parameters() {
        bail!("the SecureString parameter {missing} does not exist; create it before the deployment");
    }
    let value = |name: &String| {
        let found = answer.parameters().iter().find(|parameter| parameter.name() == Some(name));
        found.and_then(|parameter| parameter.value()).map(str::to_owned).with_context(|| format!("the parameter {name} has no value"))
    };
    let values = names.iter().map(value).collect::<anyhow::Result<Vec<_>>>()?;
    values.try_into().map_err(|_| anyhow::anyhow!("not every secret was answered"))
}
