//! Conditions in SQL syntax over the columns of a table, as polars reads and evaluates them.

use polars::prelude::{Column, DataFrame, DataType, PolarsError};
use polars_lazy::dsl::{Expr, Operator};
use polars_lazy::prelude::IntoLazy;

use super::Table;

/// Names listed where one was not found.
const MOST_SUGGESTED: usize = 3;

/// Why a condition cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// Nothing was written.
    #[error("there is no expression; write a condition such as cpu > 90")]
    Empty,
    /// The text is not an expression.
    #[error("the expression cannot be read: {0}")]
    Syntax(String),
    /// A column that is not there.
    #[error("there is no column {name:?}{}", suggestion(.similar))]
    UnknownColumn {
        /// The name as written.
        name: String,
        /// Names that are much like it.
        similar: Vec<String>,
    },
    /// It does not say yes or no.
    #[error("the expression gives {0}, not true or false; compare it with something")]
    NotACondition(String),
    /// Values that cannot be compared or computed with.
    #[error("the expression cannot be evaluated: {0}")]
    Evaluation(String),
}

fn suggestion(similar: &[String]) -> String {
    match similar {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(" or ")),
    }
}

/// A condition on the columns of a row.
#[derive(Debug, Clone)]
pub struct Expression {
    expr: Expr,
    columns: Vec<String>,
}

impl Expression {
    /// Reads a condition.
    ///
    /// # Errors
    /// Where the text is empty or is no SQL expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        if text.trim().is_empty() {
            return Err(ExpressionError::Empty);
        }
        let expr = polars_sql::sql_expr(text).map_err(|error| ExpressionError::Syntax(message(&error)))?;
        let mut columns: Vec<String> = expr.clone().meta().root_names().iter().map(ToString::to_string).collect();
        columns.sort_unstable();
        columns.dedup();
        Ok(Self { expr: expr.map_expr(without_nan), columns })
    }

    /// Names of the columns it reads, sorted.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether it holds, per row of `table`. `more` are further columns of the same height, which a column of the table
    /// with the same name goes before. Missing values, NaN among them, make a comparison not hold.
    ///
    /// # Errors
    /// Where a column is missing, the values do not fit the operations, or the result is not true or false.
    pub fn evaluate(&self, table: &Table, more: &[(String, Vec<f64>)]) -> Result<Vec<bool>, ExpressionError> {
        self.evaluate_on(&table.frame, more)
    }

    /// Checks that the condition can be evaluated on `table` with further numeric columns called `more`.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn check(&self, table: &Table, more: &[&str]) -> Result<(), ExpressionError> {
        let more: Vec<(String, Vec<f64>)> = more.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        self.evaluate_on(&table.frame.head(Some(0)), &more).map(drop)
    }

    fn evaluate_on(&self, frame: &DataFrame, more: &[(String, Vec<f64>)]) -> Result<Vec<bool>, ExpressionError> {
        let height = frame.height();
        let mut columns = Vec::with_capacity(self.columns.len());
        for name in &self.columns {
            if let Ok(column) = frame.column(name) {
                columns.push(column.clone());
            } else if let Some((name, values)) = more.iter().find(|(other, _)| other == name) {
                columns.push(Column::new(name.into(), values));
            } else {
                let known = frame.get_column_names().into_iter().map(ToString::to_string);
                let known = known.chain(more.iter().map(|(name, _)| name.clone()));
                return Err(ExpressionError::UnknownColumn { name: name.clone(), similar: similar(name, known) });
            }
        }
        let evaluation = |error: PolarsError| ExpressionError::Evaluation(message(&error));
        let result = DataFrame::new(height, columns)
            .and_then(|frame| frame.lazy().select([self.expr.clone().alias("holds")]).collect())
            .map_err(evaluation)?;
        let holds = result.column("holds").map_err(evaluation)?;
        let holds = holds.bool().map_err(|_| ExpressionError::NotACondition(name_of(holds.dtype()).to_owned()))?;
        // A condition without columns, or on aggregates alone, is one value for all rows.
        if holds.len() == 1 && height != 1 {
            return Ok(vec![holds.get(0).unwrap_or(false); height]);
        }
        Ok(holds.iter().map(|value| value.unwrap_or(false)).collect())
    }
}

/// polars counts NaN as the largest number; here it stands for a missing value, whether read or computed.
fn without_nan(expr: Expr) -> Expr {
    let may_be_nan = match &expr {
        Expr::Column(_) => true,
        Expr::BinaryExpr { op, .. } => {
            matches!(op, Operator::TrueDivide | Operator::RustDivide | Operator::FloorDivide | Operator::Modulus)
        }
        _ => false,
    };
    if !may_be_nan {
        return expr;
    }
    // Only floating-point numbers can be NaN, and asking others whether they are is an error.
    expr.map(
        |column| match column.dtype() {
            DataType::Float64 => {
                let values = column.f64()?;
                let present = values.iter().map(|value| value.filter(|value| !value.is_nan()));
                Ok(Column::new(column.name().clone(), present.collect::<Vec<Option<f64>>>()))
            }
            _ => Ok(column),
        },
        |_, field| Ok(field.clone()),
    )
}

/// The first line of what polars says, without its prefix.
fn message(error: &PolarsError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("sql parser error: ").to_owned()
}

fn name_of(kind: &DataType) -> &'static str {
    match kind {
        kind if kind.is_primitive_numeric() => "a number",
        DataType::String => "a text",
        DataType::Datetime(..) | DataType::Date => "a time",
        _ => "another kind of value",
    }
}

/// The names nearest to one that was not found.
fn similar(name: &str, known: impl Iterator<Item = String>) -> Vec<String> {
    let mut scored: Vec<(usize, String)> = known
        .map(|other| (distance(&name.to_lowercase(), &other.to_lowercase()), other))
        .filter(|(distance, other)| *distance <= 1 + other.chars().count() / 4)
        .collect();
    scored.sort();
    scored.dedup();
    scored.into_iter().map(|(_, name)| name).take(MOST_SUGGESTED).collect()
}

/// Least number of characters to insert, delete or replace to turn one text into the other (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (to, pair) in b.iter().zip(row.windows(2)) {
            let &[diagonal, above] = pair else { continue };
            let left = next.last().copied().unwrap_or(0);
            next.push((diagonal + usize::from(from != *to)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let cpu = vec![50.0, 95.0, f64::NAN, 99.0];
        let latency = vec![10.0, 300.0, 500.0, 20.0];
        Table::of_features(&[("cpu", cpu), ("latency ms", latency)], None, None)
    }

    fn holds(text: &str) -> Result<Vec<bool>, ExpressionError> {
        let more = [("cpu_mean_30".to_owned(), vec![40.0, 40.0, 40.0, f64::NAN])];
        Expression::parse(text)?.evaluate(&table(), &more)
    }

    #[test]
    fn conditions_hold_row_by_row() {
        assert_eq!(holds("cpu > 90 AND \"latency ms\" > 100").unwrap(), [false, true, false, false]);
        assert_eq!(holds("cpu > 2 * cpu_mean_30").unwrap(), [false, true, false, false]);
        assert_eq!(holds("cpu BETWEEN 40 AND 60 OR \"latency ms\" IN (20)").unwrap(), [true, false, false, true]);
        assert_eq!(holds("1 = 1").unwrap(), [true; 4]);
    }

    #[test]
    fn missing_values_hold_nowhere() {
        for text in ["cpu > 0", "cpu < 1000", "cpu >= 0 AND cpu <= 1000"] {
            assert_eq!(holds(text).unwrap(), [true, true, false, true], "{text}");
        }
        assert_eq!(holds("cpu IS NULL").unwrap(), [false, false, true, false]);
        // 0 / 0 is no number.
        assert_eq!(holds("(cpu - cpu) / (cpu - cpu) > 0").unwrap(), [false; 4]);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(holds("  ").unwrap_err(), ExpressionError::Empty);
        assert!(matches!(holds("cpu >").unwrap_err(), ExpressionError::Syntax(_)));
        assert!(matches!(holds("SELECT cpu FROM x").unwrap_err(), ExpressionError::Syntax(_)));
        let unknown = holds("cpu_maen_30 > 1").unwrap_err().to_string();
        assert_eq!(unknown, "there is no column \"cpu_maen_30\"; did you mean cpu_mean_30?");
        let error = holds("cpu + 1").unwrap_err().to_string();
        assert_eq!(error, "the expression gives a number, not true or false; compare it with something");
        assert!(holds("cpu > 'high'").is_err());
        let expression = Expression::parse("cpu > x").unwrap();
        assert!(expression.check(&table(), &["x"]).is_ok());
        assert!(expression.check(&table(), &[]).is_err());
    }

    #[test]
    fn distances_count_edits() {
        assert_eq!((distance("kitten", "sitting"), distance("", "ab"), distance("same", "same")), (3, 2, 0));
    }
}
