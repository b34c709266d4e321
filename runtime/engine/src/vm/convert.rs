//! Values read as another type. What does not fit is missing.

use onward_bytecode::{Scalar, Type, Value};
use serde_json::Value as Json;

use super::exec::Run;
use super::{Fault, fuel};
use crate::civil;

impl Run<'_> {
    /// `value` read as `ty`.
    pub(super) fn convert(&mut self, value: &Value, ty: &Type) -> Result<Value, Fault> {
        match (value, ty) {
            (Value::Missing, _) => Ok(Value::Missing),
            (Value::Json(json), _) => Ok(Value::read(json, ty)),
            (Value::List(items), Type::List(scalar)) => Ok(Value::List(self.items(items, scalar)?.into())),
            (Value::List(items), Type::One(Scalar::Json)) => {
                let items = self.items(items, &Scalar::Json)?;
                fuel::json(items.iter().map(Value::to_json).collect())
            }
            (Value::List(_), Type::One(_)) => Ok(Value::Missing),
            (one, Type::List(scalar)) => Ok(match self.scalar(one, scalar)? {
                Value::Missing => Value::Missing,
                item => Value::List([item].into()),
            }),
            (one, Type::One(scalar)) => self.scalar(one, scalar),
        }
    }

    fn items(&mut self, items: &[Value], scalar: &Scalar) -> Result<Vec<Value>, Fault> {
        let ty = Type::One(scalar.clone());
        let mut fitting = Vec::with_capacity(items.len());
        for item in items {
            self.fuel.burn(1)?;
            match self.convert(item, &ty)? {
                Value::Missing => {}
                item => fitting.push(item),
            }
        }
        Ok(fitting)
    }

    fn scalar(&mut self, value: &Value, scalar: &Scalar) -> Result<Value, Fault> {
        match (value, scalar) {
            (Value::Entity(id), Scalar::Entity(kind)) if id.kind != *kind => Ok(Value::Missing),
            (Value::Entity(id), Scalar::Json) => {
                let mut members =
                    self.world.entity(id)?.map(|entity| entity.attributes.clone()).unwrap_or_default();
                members.insert("id".to_owned(), Json::from(&*id.id));
                Ok(Value::Json(Json::Object(members).into()))
            }
            (Value::Date(date), Scalar::Time) => {
                let moment = civil::start_of(*date, self.zone()?);
                Ok(self.moment(moment))
            }
            (Value::Time(at), Scalar::Date) => Ok(Value::Date(self.zone()?.to_datetime(*at).date())),
            (Value::Time(at), Scalar::Clock) => Ok(Value::Clock(self.zone()?.to_datetime(*at).time())),
            _ => Ok(Value::read(&value.to_json(), &Type::One(scalar.clone()))),
        }
    }
}
