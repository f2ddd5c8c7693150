//! Which deployment a command is about: the AWS, its region and the stack's name, from `--endpoint`, `--stack` and `--region`.

use anyhow::{Result, ensure};

use crate::aws::Aws;
use crate::cloudformation;
use crate::stack::{Outputs, Stack};

/// The stack that `up` makes.
pub const HERE: &str = "bansync";

/// What a plain `sam deploy` makes (samconfig.toml, `default`): whoever means production has to name its stack.
pub const DEVELOPMENT: &str = "bansync-dev";

/// What a stack's name may have: Lambda gives a function's 64 (CreateFunction, Lambda API reference), and the longest that template.yaml makes
/// of it is `<stack>-rights-monitor`.
const LONGEST_NAME: usize = 64 - "-rights-monitor".len();

#[derive(clap::Args, Debug, Clone, Default)]
#[group(id = "target")]
pub struct Options {
    /// Another AWS than the one running here: a URL, or `aws` for the account of the environment's credentials
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint: Option<String>,
    /// The stack's name; the one running here, or `bansync-dev` with --endpoint, unless named
    #[arg(long, value_name = "NAME", global = true)]
    pub stack: Option<String>,
    /// The stack's region; unless named AWS_REGION, AWS_DEFAULT_REGION, us-east-1
    #[arg(long, value_name = "REGION", global = true)]
    pub region: Option<String>,
}

/// A deployment: a stack of this name in this AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub aws: Aws,
    /// Also the prefix of its secrets: `/<name>/bot-token`.
    pub name: String,
}

impl Options {
    /// The deployment that is meant; without any option the one that runs here.
    pub fn target(&self) -> Result<Target> {
        self.check()?;
        match self.here()? {
            Some(stack) => Ok(self.changed(stack.target())),
            None => self.named(),
        }
    }

    /// The stack running here, where that is what is meant.
    ///
    /// # Errors
    /// When no other is named and nothing runs here.
    pub fn here(&self) -> Result<Option<Stack>> {
        let stack = Stack::load();
        match &self.endpoint {
            None => stack.map(Some),
            Some(endpoint) => Ok(stack.ok().filter(|stack| stack.endpoint.as_ref() == Some(endpoint))),
        }
    }

    /// The stack's resources. Without the webhook's secret and the Bot API where it is not the stack that `up` made here.
    pub fn stack(&self) -> Result<Stack> {
        let target = self.target()?;
        match self.here()?.filter(|stack| stack.target() == target) {
            Some(stack) => Ok(stack),
            None => Stack::from_outputs(&target.outputs()?, &target, String::new(), String::new(), 0),
        }
    }

    /// Refuses a name that no stack of ours can have.
    pub fn check(&self) -> Result<()> {
        let length = self.stack.as_deref().map_or(0, str::len);
        ensure!(
            length <= LONGEST_NAME,
            "a stack's name has at most {LONGEST_NAME} characters, this one {length}: its functions' names begin with it"
        );
        Ok(())
    }

    fn changed(&self, here: Target) -> Target {
        let region = self.region.clone().unwrap_or(here.aws.region);
        Target { aws: Aws { region, ..here.aws }, name: self.stack.clone().unwrap_or(here.name) }
    }

    /// The deployment by the options alone, whatever runs here.
    pub fn named(&self) -> Result<Target> {
        self.check()?;
        let aws = Aws::at(self.endpoint.as_deref(), self.region.as_deref())?;
        Ok(Target { aws, name: self.stack.clone().unwrap_or(DEVELOPMENT.to_owned()) })
    }
}

impl Target {
    /// The name of a parameter of the stack, as a SecureString: `bot-token`, `webhook-secret`, `jwt-keys`.
    pub fn parameter(&self, name: &str) -> String {
        format!("/{}/{name}", self.name)
    }

    pub fn outputs(&self) -> Result<Outputs> {
        cloudformation::outputs(self)
    }

    /// A command's options that mean this deployment, for advice that can be copied.
    pub fn options(&self) -> String {
        let is_here = Stack::load().is_ok_and(|stack| stack.target() == *self);
        let region = if self.aws.is_local() { String::new() } else { format!(" --region {}", self.aws.region) };
        if is_here { String::new() } else { format!(" --endpoint {} --stack {}{region}", self.aws.name(), self.name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(endpoint: Option<&str>, stack: Option<&str>, region: Option<&str>) -> Options {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Options { endpoint: owned(endpoint), stack: owned(stack), region: owned(region) }
    }

    #[test]
    fn production_is_reached_by_its_name_only() {
        let of_account = |stack| options(Some("aws"), stack, Some("eu-west-1")).named().unwrap();
        assert_eq!(of_account(None).name, "bansync-dev");
        assert_eq!(of_account(Some("bansync")).name, "bansync");
        assert_eq!(of_account(None).aws, Aws { endpoint: None, region: "eu-west-1".to_owned() });
        assert_eq!(of_account(Some("bansync")).parameter("bot-token"), "/bansync/bot-token");
    }

    #[test]
    fn a_name_that_functions_cannot_begin_with_is_refused() {
        let names =
            include_str!("../../../template.yaml").lines().filter_map(|line| line.split_once("FunctionName: !Sub \"${AWS::StackName}"));
        let longest = names.filter_map(|(_, rest)| rest.find('"')).max().unwrap();
        assert_eq!(LONGEST_NAME + longest, 64);
        let of_length = |length| options(Some("aws"), Some(&"a".repeat(length)), Some("eu-west-1"));
        assert!(of_length(LONGEST_NAME).named().is_ok());
        assert!(of_length(LONGEST_NAME + 1).named().unwrap_err().to_string().contains("at most 49 characters"));
        assert!(of_length(LONGEST_NAME + 1).target().is_err());
    }

    #[test]
    fn another_stack_or_region_of_the_local_aws_can_be_named() {
        let aws = Aws { endpoint: Some("http://127.0.0.1:1".to_owned()), region: "us-east-1".to_owned() };
        let here = Target { aws: aws.clone(), name: HERE.to_owned() };
        assert_eq!(options(None, None, None).changed(here.clone()), here);
        let other = options(None, Some("second"), Some("eu-west-1")).changed(here);
        assert_eq!(other, Target { aws: Aws { region: "eu-west-1".to_owned(), ..aws }, name: "second".to_owned() });
    }
}
